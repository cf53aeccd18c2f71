/* layout.c: folding layout operations and uses into menus. */
#include "customize/layout.h"

#include "customize/parts.h"
#include "engine/latest.h"

#include <string.h>

enum { MENUS_MAX = 2, STATE_BYTES_MAX = MENUS_MAX * (MENU_BYTES_MAX + NEXT_BYTES_MAX + 16) };

static const char *const op_names[] = {"promote", "demote", "bring-back", "pin", "unpin", "order", "mode", "decline"};
static const char *const mode_names[] = {"unasked", "no", "ask", "do"};

void layout_encode(struct buffer *out, const struct surface *surface, const struct menu_op *op)
{
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("surface"));
	value_put_text(out, surface->name);
	value_put_key(out, TEXT("op"));
	value_put_text(out, text_of(op_names[op->kind]));
	value_put_key(out, TEXT("by"));
	value_put_text(out, op->by_customer ? TEXT("customer") : TEXT("attune"));
	if (op->kind == MENU_OP_SET_MODE) {
		value_put_key(out, TEXT("mode"));
		value_put_text(out, text_of(mode_names[op->mode]));
	} else if (op->kind == MENU_OP_SET_ORDER) {
		value_put_key(out, TEXT("order"));
		size_t list = value_open(out, VALUE_ARRAY);
		for (size_t i = 0; i < op->order_n; i++)
			value_put_text(out, op->order[i] == MENU_NONE ? TEXT("") : surface->options[op->order[i]]);
		value_close(out, list);
		value_put_key(out, TEXT("stated"));
		value_put_int(out, op->stated_n);
	} else {
		value_put_key(out, TEXT("option"));
		value_put_text(out, surface->options[op->option]);
	}
	if (op->kind == MENU_OP_PROMOTE && op->over != MENU_NONE) {
		value_put_key(out, TEXT("over"));
		value_put_text(out, surface->options[op->over]);
	}
	if (op->kind == MENU_OP_PIN) {
		value_put_key(out, TEXT("slot"));
		value_put_int(out, op->slot);
	}
	value_close(out, object);
}

static bool name_find(const char *const *names, size_t n, struct text name, unsigned *index)
{
	for (unsigned i = 0; i < n; i++)
		if (text_equal(name, text_of(names[i]))) {
			*index = i;
			return true;
		}
	return false;
}

int layout_decode(struct value payload, const struct surface *surface, int64_t time_ms, struct menu_op *op)
{
	struct value_cursor cursor = {0};
	struct value item;
	unsigned kind, mode = 0;
	int64_t slot = 0, stated = 0;
	if (!name_find(op_names, 8, value_text(value_get(payload, TEXT("op"))), &kind))
		return ERROR_INVALID;
	*op = (struct menu_op){
		.kind = (enum menu_op_kind)kind, .time_ms = time_ms, .over = surface_option(surface, value_text(value_get(payload, TEXT("over")))),
		.option = surface_option(surface, value_text(value_get(payload, TEXT("option")))),
		.by_customer = text_equal(value_text(value_get(payload, TEXT("by"))), TEXT("customer"))};
	if (op->kind == MENU_OP_SET_MODE) {
		if (!name_find(mode_names, 4, value_text(value_get(payload, TEXT("mode"))), &mode))
			return ERROR_INVALID;
		op->mode = (enum menu_mode)mode;
		return 0;
	}
	if (op->kind == MENU_OP_SET_ORDER) {
		while (value_next_item(&cursor, value_get(payload, TEXT("order")), &item)) {
			if (op->order_n == MENU_HOME_MAX)
				return ERROR_INVALID;
			op->order[op->order_n++] = surface_option(surface, value_text(item));
		}
		value_int(value_get(payload, TEXT("stated")), &stated);
		op->stated_n = stated > 0 && stated <= op->order_n ? (uint16_t)stated : 0;
		return 0;
	}
	value_int(value_get(payload, TEXT("slot")), &slot);
	op->slot = (uint16_t)(slot >= 0 && slot < MENU_HOME_MAX ? slot : MENU_HOME_MAX);
	return op->option == MENU_NONE ? ERROR_INVALID : 0;
}

/* A part is the length of the menu (u16), the menu, and what comes next. */
void layout_of(struct layout *layout, struct text state, const struct surface *surface)
{
	struct text part = part_get(state, surface->mark);
	uint16_t menu_n;
	menu_init(&layout->menu, &surface->menu);
	next_init(&layout->next);
	if (part.n < sizeof menu_n)
		return;
	memcpy(&menu_n, part.p, sizeof menu_n);
	struct text next = text_from(part, sizeof menu_n + menu_n);
	if (menu_n > sizeof layout->menu_room || next.n > sizeof layout->next_room || menu_n > part.n)
		return;
	memcpy(layout->menu_room, part.p + sizeof menu_n, menu_n);
	if (next.n)
		memcpy(layout->next_room, next.p, next.n);
}

static void layout_store(struct fold_state *state, const struct surface *surface, const struct layout *layout, bool with_next)
{
	uint8_t whole[sizeof(uint16_t) + MENU_BYTES_MAX + NEXT_BYTES_MAX];
	uint16_t menu_n = (uint16_t)menu_bytes(&layout->menu);
	size_t next_n = with_next ? next_bytes(&layout->next) : 0;
	memcpy(whole, &menu_n, sizeof menu_n);
	memcpy(whole + sizeof menu_n, layout->menu_room, menu_n);
	memcpy(whole + sizeof menu_n + menu_n, layout->next_room, next_n);
	part_put(state, surface->mark, whole, sizeof menu_n + menu_n + next_n);
}

static struct text view(const struct fold_state *state)
{
	return (struct text){(const char *)state->p, state->n};
}

static void op_apply(struct fold_state *state, const struct event *event, const struct config *config, bool with_next)
{
	const struct surface *surface = surface_find(config, value_text(value_get(event->payload, TEXT("surface"))));
	struct layout layout;
	struct menu_op op;
	if (!surface || surface->type != SURFACE_MENU || layout_decode(event->payload, surface, event->header.time_ms, &op) != 0)
		return;
	layout_of(&layout, view(state), surface);
	if (menu_apply_op(&layout.menu, &surface->menu, &menu_pace_days, &op) == 0)
		layout_store(state, surface, &layout, with_next);
}

static void layout_apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	op_apply(state, event, context->config, false);
}

const struct fold layout_fold = {
	.name = "layouts", .version = 1, .bytes_max = MENUS_MAX * (MENU_BYTES_MAX + 16),
	.kinds = EVENT_KIND_BIT(EVENT_LAYOUT), .ordered = true, .window_events_max = FOLD_WINDOW_EVENTS, .apply = layout_apply};

static void use_apply(struct fold_state *state, const struct surface *surface, const struct event *event)
{
	struct layout layout;
	uint16_t option = surface_option(surface, event->name);
	if (option == MENU_NONE)
		return;
	layout_of(&layout, view(state), surface);
	bool suggested = value_is_true(event_value(event, TEXT("properties.suggested")));
	menu_learn(&layout.menu, &surface->menu, &menu_pace_days, (struct menu_use){
		.option = option, .time_ms = event->header.time_ms, .suggested = suggested});
	next_learn(&layout.next, &next_pace_default, option, NEXT_BYTES_MAX);
	layout_store(state, surface, &layout, true);
}

static void view_apply(struct fold_state *state, const struct event *event, const struct config *config)
{
	const struct surface *surface = surface_find(config, event->name);
	struct layout layout;
	if (!surface || surface->type != SURFACE_MENU || !(event->header.purposes & surface->purpose))
		return;
	layout_of(&layout, view(state), surface);
	menu_view(&layout.menu, &surface->menu, &menu_pace_days, event->header.time_ms);
	layout_store(state, surface, &layout, true);
}

static void menu_apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct surface *surface;
	size_t at = 0;
	if (event->header.kind == EVENT_LAYOUT) {
		op_apply(state, event, context->config, true);
		return;
	}
	if (event->header.kind == EVENT_DECISION) {
		view_apply(state, event, context->config);
		return;
	}
	while ((surface = surface_next(context->config, &at)))
		if (surface->type == SURFACE_MENU && (event->header.purposes & surface->purpose) &&
		    (event->header.kind == EVENT_SCREEN ? surface->screens : surface->pages))
			use_apply(state, surface, event);
}

static uint64_t menu_purposes(const struct config *config)
{
	return surface_purposes(config, SURFACE_MENU);
}

const struct fold menu_fold = {
	.name = "menus", .version = 1, .bytes_max = STATE_BYTES_MAX,
	.kinds = EVENT_KIND_BIT(EVENT_SCREEN) | EVENT_KIND_BIT(EVENT_PAGE) | EVENT_KIND_BIT(EVENT_LAYOUT) | EVENT_KIND_BIT(EVENT_DECISION),
	.purposes = menu_purposes, .ordered = true, .window_events_max = FOLD_WINDOW_EVENTS, .apply = menu_apply};

/* ---- what moved ---- */

static void moved_apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct text op = value_text(value_get(event->payload, TEXT("op"))), option = value_text(value_get(event->payload, TEXT("option")));
	bool by_us = text_equal(value_text(value_get(event->payload, TEXT("by"))), TEXT("attune"));
	const struct surface *surface = surface_find(context->config, value_text(value_get(event->payload, TEXT("surface"))));
	char key[LATEST_KEY_BYTES_MAX];
	if (!surface || option.n == 0 || option.n + sizeof surface->mark > sizeof key)
		return;
	memcpy(key, &surface->mark, sizeof surface->mark);
	memcpy(key + sizeof surface->mark, option.p, option.n);
	int64_t time = event->header.time_ms;
	latest_set(state, &(struct latest){
		.key = {key, sizeof surface->mark + option.n}, .value = {(const uint8_t *)&time, sizeof time}, .order = time,
		.position = event->position, .tag = by_us && text_equal(op, TEXT("demote"))});
}

const struct fold moved_fold = {
	.name = "moved", .version = 1, .bytes_max = 4096, .kinds = EVENT_KIND_BIT(EVENT_LAYOUT), .apply = moved_apply};

bool moved_next(struct text state, const struct surface *surface, size_t *at, struct layout_moved *moved)
{
	struct latest entry;
	while (latest_next(state, at, &entry)) {
		if (!entry.tag || entry.key.n <= sizeof surface->mark || memcmp(entry.key.p, &surface->mark, sizeof surface->mark) != 0)
			continue;
		moved->option = surface_option(surface, text_from(entry.key, sizeof surface->mark));
		moved->position = entry.position;
		memcpy(&moved->time_ms, entry.value.p, sizeof moved->time_ms);
		if (moved->option != MENU_NONE)
			return true;
	}
	return false;
}
