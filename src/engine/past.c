/* past.c: a customer as it was, and as it might have been. */
#include "base/clock.h"
#include "engine/gathering.h"

#include <string.h>

/* Leave out what came at or after @until. */
static void gathering_cut(struct gathering *gathering, uint64_t until)
{
	size_t kept = 0;
	for (size_t i = 0; i < gathering->n; i++)
		if (gathering->events[i].position < until)
			gathering->events[kept++] = gathering->events[i];
	gathering->n = kept;
}

/* Undo records after @until had not been made yet: pass over them before gathering. */
static int gather_before(struct gathering *gathering, struct history *history, uint32_t kinds, uint64_t until)
{
	for (size_t i = 0; i < history->heads_n; i++)
		while (history->heads[i] >= until) {
			struct event event;
			int error = history_head(history, i, &event);
			if (error)
				return error;
			history->heads[i] = event.header.previous;
			if (event.header.previous == 0) {
				history->heads[i] = history->heads[--history->heads_n];
				if (i == history->heads_n)
					break;
			}
		}
	return gather(gathering, history, kinds, CUSTOMER_EVENTS_MAX, 0, NULL);
}

struct past {
	struct engine *engine;
	struct gathering gathering; /* In the order of time. */
	struct fold_scratch scratch;
	uint64_t until;
};

void past_free(struct past *past)
{
	if (!past)
		return;
	gathering_free(&past->gathering);
	fold_scratch_free(&past->scratch);
	memory_free(past);
}

int past_gather(struct past **out, struct history *events, struct history *decisions, uint64_t until)
{
	struct past *past = memory_zero_alloc(1, sizeof *past);
	if (!past)
		return ERROR_MEMORY;
	gathering_init(&past->gathering);
	past->engine = events->engine;
	past->until = until;
	uint32_t kinds = fold_table_kinds(past->engine->options.folds);
	int error = fold_scratch_init(&past->scratch, past->engine->options.folds);
	if (!error)
		error = gather_before(&past->gathering, events, kinds, until);
	if (!error)
		error = gather_before(&past->gathering, decisions, kinds, until);
	if (error) {
		past_free(past);
		return error;
	}
	gathering_cut(&past->gathering, until);
	gathering_sort(&past->gathering);
	*out = past;
	return 0;
}

const struct event *past_event(const struct past *past, size_t i)
{
	return i < past->gathering.n ? &past->gathering.events[past->gathering.n - 1 - i] : NULL;
}

/* A copy of what was gathered, with what is imagined. */
static int imagine(const struct past *past, const struct imagined *imagined, struct gathering *out)
{
	const struct gathering *from = &past->gathering;
	out->n = from->n + imagined->again_n;
	out->bases_n = from->bases_n;
	out->events = memory_alloc((out->n + 1) * sizeof *out->events);
	out->bases = memory_alloc((out->bases_n + 1) * sizeof *out->bases);
	if (!out->events || !out->bases)
		return ERROR_MEMORY;
	if (from->bases_n)
		memcpy(out->bases, from->bases, from->bases_n * sizeof *out->bases);
	if (from->n)
		memcpy(out->events, from->events, from->n * sizeof *out->events);
	for (size_t i = 0; i < imagined->again_n; i++) {
		struct event *event = &out->events[from->n + i];
		*event = *imagined->again;
		event->position = past->until - 1 - i;
		event->header.time_ms = event->header.received_ms = imagined->again_ms - (int64_t)(i + 1) * 7 * MS_A_DAY;
	}
	out->again = from->again;
	for (size_t i = 0; i < from->undone_n + imagined->without_n; i++) {
		int error = gathering_undone(out, i < from->undone_n ? from->undone[i] : imagined->without[i - from->undone_n]);
		if (error)
			return error;
	}
	gathering_sort(out);
	return 0;
}

int past_fold(struct past *past, const struct customer *customer, const struct imagined *imagined,
							const struct config *config, struct arena *arena, struct customer *then)
{
	struct gathering otherwise __attribute__((cleanup(gathering_free)));
	const struct fold_table *table = past->engine->options.folds;
	gathering_init(&otherwise);
	int error = imagined ? imagine(past, imagined, &otherwise) : 0;
	if (error)
		return error;
	*then = *customer;
	error = gathering_fold(past->engine, imagined ? &otherwise : &past->gathering, config, &past->scratch, &then->ordered_until);
	if (error)
		return error;
	then->states_bytes = (uint32_t)fold_scratch_bytes(&past->scratch, table);
	then->states = arena_alloc(arena, then->states_bytes);
	if (!then->states)
		return ERROR_MEMORY;
	fold_scratch_store(&past->scratch, table, then->states);
	then->stale = then->ordered_stale = false;
	then->config_mark = config_mark_of(engine_config(past->engine));
	return 0;
}
