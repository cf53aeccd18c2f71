/*
 * rights_request.h: what a customer asks of the company by right (a copy, a correction, erasure, a person who looks at a
 * decision), until when it has to be answered, and what came of it.
 *
 * Each act is a record of the customer (EVENT_REQUEST): made, extended, done, refused. So a request survives restarts and
 * backups, goes with the customer when customers are joined or parted, stands in the timeline and the copy, and what staff
 * did by mistake is undone like all else. It is due one calendar month after it was received and can be extended by at most
 * two more (Regulation (EU) 2016/679, Article 12(3)).
 *
 * The state keeps the RIGHTS_REQUESTS_MAX newest requests of a customer; beyond it the oldest closed one goes first.
 */
#ifndef ATTUNE_TRUST_RIGHTS_REQUEST_H
#define ATTUNE_TRUST_RIGHTS_REQUEST_H

#include "engine/fold.h"

enum { RIGHTS_REQUESTS_MAX = 40, RIGHTS_OPEN_MAX = 20, RIGHTS_TEXT_BYTES = 2000, RIGHTS_BECAUSE_BYTES = 600 };

extern const struct fold rights_fold;

/* X(symbol, name): the names stand in records. */
#define RIGHTS_TYPES(X)                                                                                          \
	X(RIGHTS_ACCESS, "access") X(RIGHTS_CORRECT, "correct") X(RIGHTS_ERASE, "erase") X(RIGHTS_RESTRICT, "restrict") \
	X(RIGHTS_PORTABILITY, "portability") X(RIGHTS_PERSON, "person")
enum rights_type {
#define X(symbol, name) symbol,
	RIGHTS_TYPES(X)
#undef X
	RIGHTS_TYPE_COUNT
};
const char *rights_type_name(enum rights_type type);
bool rights_type_parse(struct text name, enum rights_type *type);

enum rights_state { RIGHTS_OPEN, RIGHTS_DONE, RIGHTS_REFUSED };
const char *rights_state_name(enum rights_state state);

struct rights_request {
	uint64_t id;                  /* Position of the record that made it. */
	enum rights_type type;
	enum rights_state state;
	int64_t received_ms, due_ms;  /* due_ms: the extended time when it was extended. */
	int64_t extended_ms, closed_ms; /* When that was done; 0: not. */
	uint64_t extension, closing;  /* Positions of those records: the reasons stand there. */
	uint64_t decision;            /* The decision it is about; 0: none. */
};

/* Walk a state, oldest first: start with *@at = 0. */
bool rights_next(struct text state, size_t *at, struct rights_request *request);
/* The request @id; false when there is none. */
bool rights_find(struct text state, uint64_t id, struct rights_request *request);
bool rights_is_overdue(const struct rights_request *request, int64_t now_ms);
/* The latest time to which one received at @received_ms can be extended. */
int64_t rights_extended_max(int64_t received_ms);

/* An act, for its record. */
struct rights_act {
	const char *act;              /* "made", "extended", "done", "refused". */
	enum rights_type type;        /* Of "made". */
	uint64_t request;             /* Of the others: its id. */
	uint64_t decision;            /* Of "made"; 0: none. */
	int64_t until_ms;             /* Of "extended". */
	struct text text, because, by;
};
/* Errors: ERROR_LIMIT (@out is full). */
int rights_encode(struct buffer *out, const struct rights_act *act) MUST_CHECK;

#endif
