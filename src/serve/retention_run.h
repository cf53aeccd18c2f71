/*
 * retention_run.h: once a day, and when asked, what may not be kept any longer is taken out (trust/retention.h says what that is).
 *
 * Private to serve/. A thread of its own at the lowest priority. A run counts what is due, rule by rule, then takes it out of the
 * histories of all customers; one that was cut short, or had to wait for a backup, is done again. What it took out is noted in the audit
 * log. Between runs it counts anew when somebody looks (retention_run_look), at most every RETENTION_COUNT_EVERY_MS.
 */
#ifndef ATTUNE_SERVE_RETENTION_RUN_H
#define ATTUNE_SERVE_RETENTION_RUN_H

#include "serve/retention_due.h"
#include "serve/server.h"

enum { RETENTION_EVERY_MS = 24 * 60 * 60 * 1000, RETENTION_FIRST_MS = 60 * 1000, RETENTION_AGAIN_MS = 10 * 1000, RETENTION_COUNT_EVERY_MS = 60 * 1000 };

enum retention_doing { RETENTION_RESTING, RETENTION_COUNTING, RETENTION_TAKING };

/* The newest run that ended since the start, and what goes on. Times of 0: never. */
struct retention_figures {
	int64_t begun_ms, ended_ms, next_ms;
	uint64_t customers, events;
	uint64_t folded;            /* Customers who lost nothing, but whose states rest on less: some purpose may not use an event any more. */
	int error;                  /* Why it stopped short; 0: it did not. */
	bool running, counting;     /* counting: what is due, because somebody looked. */
	enum retention_doing doing;
	uint64_t done, of;          /* Customers looked at while it counts; records while it takes out. */
	struct retention_due due;   /* What lies there and may not. */
	struct retention_due taken; /* What was due when the newest run began, all of which it took out; not counted: it stopped short. */
};

/* Errors: ERROR_MEMORY. */
int retention_run_start(struct retention_run **out, struct server *server) MUST_CHECK;
void retention_run_stop(struct retention_run *run); /* Ends between two rounds. May be NULL. */

/* Begin a run now; one under way is followed by another. */
void retention_run_ask(struct retention_run *run);

/* Somebody looks: have what is due counted, in the background, unless that was done lately under the same rules. */
void retention_run_look(struct retention_run *run);

/* The counts lie in @arena. Errors: ERROR_MEMORY. */
int retention_run_figures(struct retention_run *run, struct arena *arena, struct retention_figures *out) MUST_CHECK;

#endif
