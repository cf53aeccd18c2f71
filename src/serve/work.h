/*
 * work.h: the pool that answers what takes longer, fairly: nobody's large questions keep others waiting.
 *
 * There are two lanes with threads of their own: LANE_QUICK for pages and questions about one customer, LANE_LARGE for
 * what reads a whole history or the whole base. In each lane callers take turns, one question each; a caller's own
 * questions wait in the order they came. One thread of a lane is always left to the others: a single caller never has
 * all of them. A caller with as many waiting as its items say is refused, and nobody else is.
 */
#ifndef ATTUNE_SERVE_WORK_H
#define ATTUNE_SERVE_WORK_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum lane { LANE_QUICK, LANE_LARGE, LANES };
enum { WORK_CALLERS_MAX = 1024, WORK_THREADS_MAX = 64 };

struct work;

/* Something to do; part of a larger struct of its owner's. */
struct work_item {
	uint64_t who;            /* The caller, as a hash ... */
	size_t waiting_max;      /* ... how many of its items may wait ... */
	size_t running_max;      /* ... and run at a time; at most the threads of one caller. */
	struct work_item *next;  /* work.c's. */
};

struct work_options {
	size_t threads;          /* That one caller can have at a time in a lane; each lane has one more. */
	void (*run)(void *arg, struct work_item *item);
	void *arg;
};

/* Start the threads. Errors: ERROR_MEMORY. */
int work_open(struct work **out, const struct work_options *options) MUST_CHECK;

/*
 * Put @item into @lane; a thread calls run with it. Errors: ERROR_BUSY (the caller has as many waiting as it may, or there
 * are WORK_CALLERS_MAX callers), ERROR_CLOSED (work_stop was called). Threads: safe.
 */
int work_add(struct work *work, enum lane lane, struct work_item *item) MUST_CHECK;

/* How many items wait in @lane. Threads: safe. */
size_t work_waiting(struct work *work, enum lane lane);

/* Take nothing more, run what waits, and end the threads. May be called twice. */
void work_stop(struct work *work);
void work_free(struct work *work); /* NULL does nothing. */

#endif
