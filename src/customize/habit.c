/* habit.c: folding uses into habits. */
#include "customize/habit.h"

#include "base/clock.h"
#include "customize/parts.h"

#include <string.h>

enum { SURFACES_MAX = 7, STATE_BYTES_MAX = SURFACES_MAX * (USUAL_BYTES_MAX + 8), TEXT_BYTES = 512 };

struct usual_context habit_context(int64_t time_ms)
{
	struct clock_parts parts = clock_parts_of(time_ms);
	return (struct usual_context){.time_ms = time_ms, .day_of_month = (uint8_t)parts.day, .weekday = (uint8_t)parts.weekday,
	                              .hour_slot = (uint8_t)(parts.hour / 3)};
}

const struct usual *habit_of(struct text state, const struct surface *surface, void *room)
{
	struct text part = part_get(state, surface->mark);
	if (part.n == 0 || part.n > USUAL_BYTES_MAX)
		return NULL;
	memcpy(room, part.p, part.n);
	return room;
}

bool habit_texts(const struct surface *surface, const struct event *event, struct buffer *value, struct buffer *with)
{
	struct value properties = value_get(event->payload, TEXT("properties")), field = value_at(properties, surface->field);
	struct json_writer writer = JSON_WRITER(value), with_writer = JSON_WRITER(with);
	if (value_type_of(field) <= VALUE_NULL)
		return false;
	value_write_json(&writer, field);
	if (surface->with_n > 1)
		json_array_begin(&with_writer);
	for (size_t i = 0; i < surface->with_n; i++)
		value_write_json(&with_writer, value_at(properties, surface->with[i]));
	if (surface->with_n > 1)
		json_array_end(&with_writer);
	return !value->failed && !with->failed;
}

static void learn(struct fold_state *state, const struct surface *surface, const struct event *event)
{
	_Alignas(16) uint8_t room[USUAL_BYTES_MAX];
	char value_bytes[TEXT_BYTES], with_bytes[TEXT_BYTES];
	struct buffer value = {.p = value_bytes, .capacity = TEXT_BYTES, .bytes_max = TEXT_BYTES};
	struct buffer with = {.p = with_bytes, .capacity = TEXT_BYTES, .bytes_max = TEXT_BYTES};
	struct usual *usual = (struct usual *)room;
	if (!habit_texts(surface, event, &value, &with))
		return;
	if (!habit_of((struct text){(const char *)state->p, state->n}, surface, room))
		usual_init(usual);
	usual_learn(usual, &usual_pace_default, &(struct usual_use){
		.context = habit_context(event->header.time_ms), .value = buffer_view(&value), .with = buffer_view(&with)});
	part_put(state, surface->mark, usual, usual_bytes(usual));
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct surface *surface;
	size_t at = 0;
	while ((surface = surface_next(context->config, &at)))
		if (surface->type == SURFACE_USUAL && (event->header.purposes & surface->purpose) && text_equal(event->name, surface->event))
			learn(state, surface, event);
}

static uint64_t purposes(const struct config *config)
{
	return surface_purposes(config, SURFACE_USUAL);
}

const struct fold habit_fold = {
	.name = "habits", .version = 1, .bytes_max = STATE_BYTES_MAX, .kinds = EVENT_KIND_BIT(EVENT_TRACK),
	.purposes = purposes, .ordered = true, .window_events_max = FOLD_WINDOW_EVENTS, .apply = apply};
