/* refold.c: folding a list of records, from a log or a copy. */
#include "engine/gathering.h"

/* Records whose payload says something of others. */
static bool speaks_of_others(const struct event *event)
{
	static const uint32_t kinds = EVENT_KIND_BIT(EVENT_UNDO) | EVENT_KIND_BIT(EVENT_CONFIRM) | EVENT_KIND_BIT(EVENT_TRIM);
	return (kinds & EVENT_KIND_BIT(event->header.kind)) || (event->header.flags & EVENT_HELD);
}

/* What an undo that is itself undone undoes counts again: the newest undo goes first. */
static int undone_find(struct engine *engine, struct gathering *gathering, const struct event *events, size_t n, struct arena *arena)
{
	int64_t position;
	for (size_t i = n; i-- > 0;) {
		struct event undo;
		if (events[i].header.kind != EVENT_UNDO || gathering_is_undone(gathering, events[i].position))
			continue;
		int error = gathering_whole(engine, gathering, &events[i], arena, &undo);
		if (!error && value_int(value_get(undo.payload, TEXT("position")), &position))
			error = gathering_undone(gathering, (uint64_t)position);
		if (error)
			return error;
	}
	return 0;
}

int fold_events(struct engine *engine, const struct event *events, size_t n, const struct event_source *source, struct fold_scratch *scratch)
{
	struct gathering gathering __attribute__((cleanup(gathering_free)));
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	const uint32_t kinds = fold_table_kinds(engine->options.folds) & ~EVENT_KIND_BIT(EVENT_UNDO);
	struct confirms confirms = {.n = 0};
	int64_t ordered_until;
	gathering_init(&gathering);
	arena_init(&arena, 4 * LOG_ENTRY_BYTES_MAX);
	gathering.source = source;
	gathering.again = source != NULL;
	int error = undone_find(engine, &gathering, events, n, &arena);
	for (size_t i = n; i-- > 0 && !error;) { /* Newest first, for what confirms others. */
		struct event event = events[i];
		if (speaks_of_others(&event)) {
			error = gathering_whole(engine, &gathering, &events[i], &arena, &event);
			if (error)
				break;
			confirms_take(&confirms, &event);
		}
		if (!(kinds & EVENT_KIND_BIT(event.header.kind)))
			continue;
		if (event.header.kind == EVENT_TRIM) {
			error = gathering_base(&gathering, &event);
			continue;
		}
		event.payload = events[i].payload; /* What is in the arena does not last. */
		error = memory_grow(&gathering.events, &gathering.capacity, gathering.n + 1, sizeof event);
		if (!error)
			gathering.events[gathering.n++] = event;
	}
	if (error)
		return error;
	gathering_sort(&gathering);
	return gathering_fold(engine, &gathering, engine_config(engine), scratch, &ordered_until);
}
