/*
 * retention_due.h: how much lies there that may not be kept any longer, rule by rule.
 *
 * Private to serve/. Goes through the chains of all customers as engine_trim does, by the headers of records alone: nothing is opened,
 * and no lock is held but for reading where the chains begin. What several rules fit is counted for the one that keeps it longest, which
 * is the one that lets it go.
 *
 * Limits: RETENTION_LOOKED_MAX records, when it is only to be known; then "whole" is false and the figures are the least there is.
 */
#ifndef ATTUNE_SERVE_RETENTION_DUE_H
#define ATTUNE_SERVE_RETENTION_DUE_H

#include "engine/engine.h"

enum { RETENTION_LOOKED_MAX = 4 * 1000 * 1000, RETENTION_NAME_BYTES = 200 };

struct retention_count {
	char name[RETENTION_NAME_BYTES + 1]; /* Of the rule, cut. */
	uint64_t events, rows;               /* Records; those of them that have a row for figures. */
};

struct retention_due {
	struct retention_count *counts;      /* A rule each, in memory of its own. */
	size_t n;
	uint64_t events, rows, looked;       /* Of all rules; how many records were looked at. */
	bool whole;
	int64_t time_ms;                     /* As of when; 0: not counted. */
};

/* Who is told how far it is, and says whether to go on. */
struct retention_watch {
	bool (*go_on)(void *arg, uint32_t done, uint32_t of);
	void *arg;
};

/*
 * Count as of @now_ms, at most @looked_max records. @out is freed with retention_due_free.
 * Errors: ERROR_CLOSED (not to go on), ERROR_CONFLICT (the configuration changed meanwhile: count again), ERROR_CORRUPT, ERROR_MEMORY.
 */
int retention_due_count(struct retention_due *out, struct engine *engine, int64_t now_ms, uint64_t looked_max, const struct retention_watch *watch) MUST_CHECK;
void retention_due_free(struct retention_due *due);

/* The count of the rule @name; NULL without one. */
const struct retention_count *retention_due_of(const struct retention_due *due, struct text name);

#endif
