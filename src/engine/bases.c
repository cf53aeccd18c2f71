/* bases.c: what stays of what is taken out: the states of folds that sum up, in the payload of a trim record. */
#include "engine/fold_base.h"
#include "engine/gathering.h"

#include <xxhash.h>

/* The bytes of all states that sum up, for telling whether one has changed. */
static uint64_t summed_mark(const struct fold_table *table, const struct fold_scratch *scratch)
{
	uint64_t mark = 0;
	for (size_t f = 0; f < table->n; f++)
		if (table->folds[f]->summarises)
			mark = XXH3_64bits_withSeed(scratch->states[f].p, scratch->states[f].n, mark);
	return mark;
}

/* What @before covers and has not been blanked yet, as a run was cut short, has to be covered further. */
static int covers_keep(struct engine *engine, const struct event *before, uint64_t *covers, size_t *n)
{
	struct value_cursor cursor = {0};
	struct value one;
	int64_t position;
	while (*n < FOLD_BASE_COVERS_MAX && value_next_item(&cursor, value_get(before->payload, TEXT("covers")), &one)) {
		char local[LOG_ENTRY_BYTES_MAX];
		struct text entry = {0};
		struct event event;
		int error = value_int(one, &position) ? log_read(engine->log, (uint64_t)position, local, &entry) : ERROR_CORRUPT;
		if (!error)
			error = event_view(&event, entry);
		if (error)
			return error;
		if (!(event.header.flags & EVENT_TRIMMED))
			covers[(*n)++] = (uint64_t)position;
	}
	return 0;
}

static int base_put(struct history *history, const struct fold_scratch *scratch, struct base_made *made)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	fold_bases_put(&payload, history->engine->options.folds, scratch, made->covers, made->covers_n);
	int error = payload.failed ? ERROR_LIMIT : 0;
	if (!error)
		made->payload = text_copy(history->arena, buffer_view(&payload));
	buffer_free(&payload);
	return error || made->payload.p ? error : ERROR_MEMORY;
}

/* One base: that of before, and the due events of @origin. */
static int base_make(struct history *history, const struct gathering *gathering, uint32_t origin,
										 struct fold_scratch *scratch, struct base_made *made)
{
	struct engine *engine = history->engine;
	const struct fold_table *table = engine->options.folds;
	struct fold_context context = {.config = engine_config(engine)};
	struct arena again __attribute__((cleanup(arena_cleanup)));
	arena_init(&again, 4 * LOG_ENTRY_BYTES_MAX);
	uint64_t *covers = arena_alloc(history->arena, FOLD_BASE_COVERS_MAX * sizeof *covers);
	size_t n = 0, kept;
	int error = covers ? 0 : ERROR_MEMORY;
	*made = (struct base_made){.origin = origin, .covers = covers};
	for (size_t f = 0; f < table->n; f++)
		scratch->states[f].n = 0;
	for (size_t i = 0; i < gathering->bases_n && !error; i++) {
		const struct event *before = &gathering->bases[i];
		if (before->header.origin_number != origin)
			continue;
		made->before = before->position;
		fold_bases_merge(before->payload, table, scratch);
		error = covers_keep(engine, before, covers, &n);
	}
	kept = n;
	for (size_t i = 0; i < gathering->n && !error && !made->full; i++) {
		struct event event = gathering->events[i];
		if (event.header.origin_number != origin || !(event.header.flags & EVENT_TRIMMED) || gathering_is_undone(gathering, event.position))
			continue;
		uint64_t mark = summed_mark(table, scratch);
		made->full = n == FOLD_BASE_COVERS_MAX;
		error = gathering_whole(engine, gathering, &gathering->events[i], &again, &event);
		for (size_t f = 0; f < table->n && !made->full && !error; f++)
			if (fold_wants(table->folds[f], &event) && table->folds[f]->summarises)
				table->folds[f]->apply(&scratch->states[f], &event, &context);
		if (!error && summed_mark(table, scratch) != mark)
			covers[n++] = event.position;
	}
	made->covers_n = n;
	return error || n == kept ? error : base_put(history, scratch, made);
}

static bool is_made(const struct base_made *made, size_t n, uint32_t origin)
{
	for (size_t i = 0; i < n; i++)
		if (made[i].origin == origin)
			return true;
	return false;
}

int bases_make(struct history *history, uint32_t kinds, struct base_made *made, size_t *n)
{
	struct gathering gathering __attribute__((cleanup(gathering_free)));
	const struct fold_table *table = history->engine->options.folds;
	struct fold_scratch scratch;
	gathering_init(&gathering);
	*n = 0;
	history->due = fold_table_kinds_summed(table);
	if (!(history->due & kinds))
		return 0;
	int error = fold_scratch_init(&scratch, table);
	if (error)
		return error;
	error = gather(&gathering, history, fold_table_kinds(table), CUSTOMER_EVENTS_MAX, 0, NULL);
	if (!error)
		gathering_sort(&gathering);
	for (size_t i = 0; i < gathering.n && !error; i++) {
		const struct event *event = &gathering.events[i];
		if (!(event->header.flags & EVENT_TRIMMED) || is_made(made, *n, event->header.origin_number))
			continue;
		error = base_make(history, &gathering, event->header.origin_number, &scratch, &made[*n]);
		*n += !error;
	}
	fold_scratch_free(&scratch);
	return error;
}
