/*
 * progress.h: a progress line for long work, drawn only when a terminal watches.
 */
#ifndef ATTUNE_BASE_PROGRESS_H
#define ATTUNE_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;       /* "importing" */
	uint64_t done, total;   /* In one unit, mostly bytes; total 0 when unknown. */
	uint64_t drawn_ns, started_ns;
	bool visible;           /* Standard error is a terminal. */
};

void progress_start(struct progress *progress, const char *what, uint64_t total);
void progress_set(struct progress *progress, uint64_t done); /* Draws at most ten times a second. */
void progress_end(struct progress *progress);                /* Wipes the line. */

#endif
