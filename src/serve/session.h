/*
 * session.h: who of staff is signed in.
 *
 * A session is 256 random bits in a cookie, of which only a hash is kept, in memory: a restart ends all. It ends SESSION_IDLE_MS
 * after it was used last, SESSION_MS after it began, when it is signed out, and when there are more than SESSIONS_MAX: then the
 * one that was used longest ago. Whether its account still holds is for the caller to ask (staff_find).
 */
#ifndef ATTUNE_SERVE_SESSION_H
#define ATTUNE_SERVE_SESSION_H

#include "serve/staff.h"

enum { SESSIONS_MAX = 10000, SESSION_IDLE_MS = 8 * 3600 * 1000, SESSION_MS = 24 * 3600 * 1000, SESSION_ID_BYTES = 44, SESSION_MARK_BYTES = 32 };

struct session {
	char name[STAFF_NAME_BYTES + 1];
	unsigned roles;              /* As they were when it began. */
	int64_t changed_ms;          /* Of its account then; 0: no account is behind it (the demo's door). */
	uint8_t mark[SESSION_MARK_BYTES]; /* Names it, and does not open it. */
};

struct sessions;

int sessions_open(struct sessions **out) MUST_CHECK; /* Errors: ERROR_MEMORY. */
void sessions_close(struct sessions *sessions);

/* Begin one for @account; its id is written to @id, terminated. Threads: safe, as all here. */
void session_begin(struct sessions *sessions, const struct account *account, int64_t now_ms, char id[SESSION_ID_BYTES]);

/* The session that @id opens, which counts as a use of it; false when there is none (any more). */
bool session_find(struct sessions *sessions, struct text id, int64_t now_ms, struct session *out);

/* The session of a mark, without using it. */
bool session_marked(struct sessions *sessions, const uint8_t mark[SESSION_MARK_BYTES], int64_t now_ms, struct session *out);

void session_end(struct sessions *sessions, struct text id);

/* End all of @name; how many there were. And how many there are, without using them. */
size_t sessions_end_of(struct sessions *sessions, struct text name);
size_t sessions_of(struct sessions *sessions, struct text name, int64_t now_ms);

size_t sessions_count(struct sessions *sessions);

#endif
