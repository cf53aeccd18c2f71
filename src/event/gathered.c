/* gathered.c: rows in chunks. */
#include "event/gathered.h"

#include "base/memory.h"

int gathered_add(struct gathered *gathered, const struct gathered_row *row)
{
	struct gathered_chunk *chunk = gathered->newest;
	if (!chunk || chunk->n == GATHERED_CHUNK_ROWS) {
		chunk = memory_alloc(sizeof *chunk);
		if (!chunk)
			return ERROR_MEMORY;
		chunk->next = NULL;
		chunk->n = 0;
		chunk->first = UINT64_MAX;
		chunk->last = 0;
		if (gathered->newest)
			gathered->newest->next = chunk;
		else
			gathered->oldest = chunk;
		gathered->newest = chunk;
	}
	chunk->rows[chunk->n++] = *row;
	if (row->position < chunk->first)
		chunk->first = row->position;
	if (row->position > chunk->last)
		chunk->last = row->position;
	gathered->n++;
	return 0;
}

struct gathered_view gathered_view(const struct gathered *gathered)
{
	return (struct gathered_view){.chunk = gathered->oldest, .newest = gathered->newest,
	                              .newest_n = gathered->newest ? gathered->newest->n : 0, .n = gathered->n};
}

const struct gathered_row *gathered_next(struct gathered_view *view)
{
	while (view->chunk) {
		bool is_newest = view->chunk == view->newest;
		if (view->at < (is_newest ? view->newest_n : view->chunk->n))
			return &view->chunk->rows[view->at++];
		view->chunk = is_newest ? NULL : view->chunk->next;
		view->at = 0;
	}
	return NULL;
}

/* Keep in @chunk the rows behind @until alone. */
static void chunk_sift(struct gathered_chunk *chunk, uint64_t until)
{
	size_t kept = 0;
	for (size_t i = 0; i < chunk->n; i++)
		if (chunk->rows[i].position > until)
			chunk->rows[kept++] = chunk->rows[i];
	chunk->n = kept;
	chunk->first = until + 1; /* Or later: it only has to be no greater than the least. */
}

struct gathered_chunk *gathered_drop(struct gathered *gathered, uint64_t until)
{
	struct gathered_chunk **link = &gathered->oldest, *chunk, *dropped = NULL;
	gathered->newest = NULL;
	gathered->n = 0;
	while ((chunk = *link)) {
		if (chunk->first <= until && chunk->last > until)
			chunk_sift(chunk, until);
		if (chunk->last <= until) {
			*link = chunk->next;
			chunk->next = dropped;
			dropped = chunk;
			continue;
		}
		gathered->newest = chunk;
		gathered->n += chunk->n;
		link = &chunk->next;
	}
	return dropped;
}

void gathered_chunks_free(struct gathered_chunk *chunk)
{
	for (struct gathered_chunk *next; chunk; chunk = next) {
		next = chunk->next;
		memory_free(chunk);
	}
}
