/*
 * gathered.h: column rows that are not in their day's file yet. Private to columns.c.
 *
 * They lie in chunks that never move: adding is a store, and who reads or writes them out takes a view under the lock and
 * then walks without it. Rows are in no order, but nearly in that of their positions; so when those up to a position leave,
 * most chunks leave or stay whole.
 */
#ifndef ATTUNE_EVENT_GATHERED_H
#define ATTUNE_EVENT_GATHERED_H

#include "event/columns.h"

enum { GATHERED_CHUNK_ROWS = 8192 };

struct gathered_row {
	uint64_t position;
	int32_t day;
	struct column_row row;
};

struct gathered_chunk {
	struct gathered_chunk *next;
	uint64_t first, last; /* The least and the greatest position. */
	size_t n;
	struct gathered_row rows[GATHERED_CHUNK_ROWS];
};

struct gathered {
	struct gathered_chunk *oldest, *newest;
	size_t n;
};

/* What there is at a moment: rows added later are not in it. Valid until gathered_drop. */
struct gathered_view {
	const struct gathered_chunk *chunk, *newest;
	size_t newest_n, n;
	size_t at;
};

/* Errors: ERROR_MEMORY. The caller's lock is held, as for all but gathered_next. */
int gathered_add(struct gathered *gathered, const struct gathered_row *row) MUST_CHECK;
struct gathered_view gathered_view(const struct gathered *gathered);
/* The next row of @view; NULL at the end. No lock is needed. */
const struct gathered_row *gathered_next(struct gathered_view *view);
/* Rows up to @until leave; returns the chunks to be freed, outside the lock. Nobody walks a view meanwhile. */
struct gathered_chunk *gathered_drop(struct gathered *gathered, uint64_t until) MUST_CHECK;
void gathered_chunks_free(struct gathered_chunk *chunk);

#endif
