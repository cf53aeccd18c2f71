/*
 * receipt.h: the time of receipt as de-duplication counts it: it goes on at the pace of time, whatever the wall clock does.
 *
 * The wall clock of a server jumps: forth and back, by days, by hand or by a wrong time server. Which messages were seen must not be
 * forgotten for that, so hours of receipt are counted by a clock of their own. It is the wall clock plus so many minutes; a jump of the wall clock,
 * seen beside the monotonic clock, changes the minutes instead of the time. The minutes stand in the header of each record with a
 * message, so what is read from the log has the same hours. From one run to the next it stands still: how long a server was down
 * cannot be told from a jump, and knowing messages for longer does no harm.
 */
#ifndef ATTUNE_ENGINE_RECEIPT_H
#define ATTUNE_ENGINE_RECEIPT_H

#include "event/event.h"

#include <pthread.h>
#include <stdatomic.h>

struct receipt {
	pthread_mutex_t lock;              /* For who finds that time has gone on. */
	_Atomic int64_t wall_ms, steady_ms; /* When was looked last, by both clocks. */
	_Atomic int32_t minutes;
};

/* What both clocks say. */
struct receipt_now {
	int64_t wall_ms, steady_ms;
};

/* Go on from @newest_ms, the newest time of receipt by this clock; 0: there is none, and it begins with the wall clock. */
void receipt_start(struct receipt *receipt, int64_t newest_ms, struct receipt_now now);

/* How far it is from the wall clock. Threads: safe. */
int32_t receipt_minutes(struct receipt *receipt);

/* The time of receipt when the wall clock says @wall_ms; looks at the steady clock every RECEIPT_LOOK_MS of the wall clock. Threads: safe. */
enum { RECEIPT_LOOK_MS = 10 * 60 * 1000, RECEIPT_JUMP_MS = 2 * 60 * 1000 };
int64_t receipt_of(struct receipt *receipt, int64_t wall_ms, int64_t (*steady)(void));
/* By the clock of this machine. */
int64_t receipt_at(struct receipt *receipt, int64_t wall_ms);

/* That of a record. */
int64_t receipt_of_record(const struct event_header *header);

#endif
