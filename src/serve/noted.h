/*
 * noted.h: what the server notes in the audit log: who called, about whom, and the reason that was given.
 *
 * The reason stands in the header X-Attune-Reason or in ?reason=; with the setting access_reason = ask nobody but the
 * customer opens a customer without one. Consents are noted from their records, however they came, so that none is forgotten;
 * those of an import are one entry a batch.
 */
#ifndef ATTUNE_SERVE_NOTED_H
#define ATTUNE_SERVE_NOTED_H

#include "serve/server.h"
#include "trust/audit.h"

/* Who calls, as the audit log has it: "key 4f2a9c01 (backend)", "customer", "nobody"; terminated, in the request's arena. */
struct text caller_name(struct request *request);

/* Does a person or program of the company call, and not the customer? */
bool caller_is_company(const struct request *request);

/* The reason that came with the request; empty without. */
struct text caller_reason(struct request *request);

struct noted {
	enum audit_what what;
	uint32_t origin;      /* Of the customer it is about; 0: nobody. */
	struct text reason;   /* Empty: caller_reason. */
	struct text words;
	bool durable;
};
/* Note what @request does. Errors: those of audit_note; without @noted->durable they need no answer. */
int noted_act(struct request *request, const struct noted *noted);

/* Is a reason there, where one is asked for? If not, that is answered. */
bool noted_reason_check(struct request *request);

/*
 * Somebody opens the customer of @origin: their @words ("card", "timeline"). The customer's own opening is not noted; the
 * same opening again within NOTED_AGAIN_MS is one, for pages read what changes. False: no reason was given where one is
 * asked for, and that is answered.
 */
enum { NOTED_AGAIN_MS = 60 * 1000 };
bool noted_opening(struct request *request, uint32_t origin, const char *words);

/* The hashes under which the customer called @name (a cid or an identifier) stands in the log: of every origin's id, for customers
 * are joined. One with a cid who is erased or was never there has one too. Returns how many. */
size_t noted_abouts(struct server *server, struct text name, char abouts[AUDIT_ABOUTS_MAX][AUDIT_ABOUT_BYTES]);

/* A record was appended to @customer, who is locked: note it when it is a consent or a restriction. */
void noted_record(struct server *server, struct engine *engine, const struct customer *customer, const struct event *event);

/* While it is on, this thread's consents are not noted one by one: who brings in many notes them as one. */
void noted_consents_quiet(bool on);

/* Make the log part of the server, with its own key in FOLDER/audit-key. Errors: those of audit_open, kept_file_secret. */
int noted_start(struct server *server) MUST_CHECK;

#endif
