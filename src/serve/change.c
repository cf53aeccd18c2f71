/* change.c: appending what a customer changes. */
#include "serve/change.h"

#include "base/code.h"
#include "customize/product.h"
#include "interact/preference.h"
#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

enum { REFUSAL_BYTES = 300, PREFERENCE_NESTING_MAX = 4 };

int layout_append(struct request *request, uint32_t origin, const struct surface *surface, const struct menu_op *op,
                         enum channel channel, uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_LAYOUT, channel)};
	layout_encode(&payload, surface, op);
	write.payload = buffer_view(&payload);
	int error = payload.failed ? ERROR_MEMORY : request_append(request, origin, &write, position);
	buffer_free(&payload);
	return error;
}

/* ---- undo ---- */

/* The segments that the customer is in before a consent is undone, or no longer in after it. */
static void left_look(struct request *request, uint32_t origin, struct segments_left *left, bool before)
{
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return;
	if (before)
		segments_left_before(left, request, customer, UINT64_MAX, "consent");
	else
		segments_left_after(left, request, customer);
	customer_unlock(request->server->engine, customer);
}

int undo_append(struct request *request, uint32_t origin, uint64_t position)
{
	struct event event;
	uint64_t done;
	int error = record_own(request, origin, position, &event);
	if (error)
		return error;
	bool agrees = event.header.kind == EVENT_CONSENT || event.header.kind == EVENT_RESTRICT;
	struct segments_left left = {0};
	if (agrees)
		left_look(request, origin, &left, true);
	struct buffer payload = BUFFER_INIT(256);
	struct engine_write write = {.header = request_header(request, EVENT_UNDO, (enum channel)event.header.channel)};
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("position"));
	value_put_int(&payload, (int64_t)position);
	value_close(&payload, object);
	write.payload = buffer_view(&payload);
	error = payload.failed ? ERROR_MEMORY : request_append(request, origin, &write, &done);
	buffer_free(&payload);
	if (!error && left.n) {
		left_look(request, origin, &left, false);
		segments_left_tell(&left, request->server);
	}
	return error;
}

/* ---- preferences, and menus among them ---- */

/* "menu.app-home.order" → the surface and what of it. */
static const struct surface *menu_named(struct request *request, struct text name, struct text *part)
{
	if (!text_starts(name, TEXT("menu.")))
		return NULL;
	struct text rest = text_from(name, 5);
	size_t dot = rest.n;
	while (dot > 0 && rest.p[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return NULL;
	*part = text_from(rest, dot);
	const struct surface *surface = surface_find(engine_config(request->server->engine), text_first(rest, dot - 1));
	return surface && surface->type == SURFACE_MENU ? surface : NULL;
}

void menu_read(struct request *request, uint32_t origin, const struct surface *surface, struct layout *layout)
{
	struct reader reader;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	menu_init(&layout->menu, &surface->menu);
	if (!customer)
		return;
	if (reader_open(&reader, request->server->engine, customer, request->arena, surface->purpose, request->now_ms) == 0)
		layout_of(layout, reader_may(&reader) ? reader_state(&reader, &menu_fold) : reader_state(&reader, &layout_fold), surface);
	customer_unlock(request->server->engine, customer);
}

/* The home slots with what the customer placed first and the others behind in their present order; what is always shown stays. */
static bool order_complete(struct menu_op *op, const struct surface *surface, const struct menu *menu, struct json list)
{
	bool placed[MENU_OPTIONS_MAX] = {false};
	struct json_cursor cursor = {0};
	struct json item;
	size_t always_left = 0, home_n = surface->menu.home_n;
	while (json_next_item(&cursor, list, &item)) {
		uint16_t option = surface_option(surface, json_text(item));
		if (option == MENU_NONE || placed[option] || op->order_n == home_n)
			return false;
		placed[option] = true;
		op->order[op->order_n++] = option;
	}
	op->stated_n = op->order_n;
	for (uint16_t i = 0; i < surface->menu.options_n; i++)
		always_left += surface->always[i] && !placed[i];
	for (size_t i = 0; i < menu->home_n && op->order_n < home_n; i++) {
		uint16_t option = menu->home[i];
		if (option == MENU_NONE || placed[option] || (!surface->always[option] && home_n - op->order_n <= always_left))
			continue;
		always_left -= surface->always[option];
		placed[option] = true;
		op->order[op->order_n++] = option;
	}
	while (op->order_n < home_n)
		op->order[op->order_n++] = MENU_NONE;
	return always_left == 0;
}

/* One change of a menu, from its preference name. */
static bool menu_op_read(struct request *request, uint32_t origin, const struct surface *surface, struct text part, struct json value,
                         struct menu_op *op)
{
	struct text text = json_text(value);
	struct layout *layout = arena_alloc(request->arena, sizeof *layout);
	*op = (struct menu_op){.time_ms = request->now_ms, .by_customer = true, .over = MENU_NONE};
	if (!layout)
		return false;
	if (text_equal(part, TEXT("mode"))) {
		op->kind = MENU_OP_SET_MODE;
		op->mode = text_equal(text, TEXT("no")) ? MENU_NO : text_equal(text, TEXT("ask")) ? MENU_ASK :
		           text_equal(text, TEXT("do")) ? MENU_DO : MENU_UNASKED;
		return op->mode != MENU_UNASKED || json_type_of(value) == JSON_NULL;
	}
	menu_read(request, origin, surface, layout);
	if (text_equal(part, TEXT("order"))) {
		op->kind = MENU_OP_SET_ORDER;
		return json_type_of(value) == JSON_ARRAY && order_complete(op, surface, &layout->menu, value);
	}
	op->option = surface_option(surface, text);
	if (text_equal(part, TEXT("hide")) || text_equal(part, TEXT("show"))) {
		op->kind = text_equal(part, TEXT("hide")) ? MENU_OP_DEMOTE : MENU_OP_BRING_BACK;
		return op->option != MENU_NONE;
	}
	return false;
}

/* ---- settings of products ---- */

const char *product_setting_refusal(struct request *request, struct text name, struct json value)
{
	const struct product *product;
	const struct product_setting *setting = product_setting_of(products_of(engine_config(request->server->engine)), name, &product);
	double number;
	if (!text_starts(name, TEXT("product.")) || (setting && json_type_of(value) == JSON_NULL))
		return NULL;
	if (setting && json_double(value, &number) && product_setting_fits(setting, number))
		return NULL;
	char *message = arena_alloc(request->arena, REFUSAL_BYTES);
	if (!message)
		return "There is not enough memory for this.";
	if (!setting)
		snprintf(message, REFUSAL_BYTES, "No product has a setting called \"%.*s\"; one looks like product.PRODUCT.SETTING.", TEXT_ARGS(text_cut(name, 80)));
	else
		snprintf(message, REFUSAL_BYTES, "%.*s of %.*s is a number from %g to %g in steps of %g.", TEXT_ARGS(text_cut(setting->title, 60)),
		         TEXT_ARGS(text_cut(product->title, 60)), setting->from, setting->to, setting->step);
	return message;
}

enum { ORDERS_MAX = 200 };

/* The customer's own orders of @surface's menu that stand, newest first. */
static int orders_find(struct request *request, uint32_t origin, const struct surface *surface, uint64_t *orders, size_t *n)
{
	struct history history;
	struct event event;
	uint64_t undone[ORDERS_MAX];
	size_t undone_n = 0;
	bool more = true;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = history_start(&history, request->server->engine, customer, request->arena, HISTORY_EVENTS);
	customer_unlock(request->server->engine, customer);
	if (!error)
		error = history_stream(&history);
	while (!error && *n < ORDERS_MAX && (error = history_next(&history, &event, &more)) == 0 && more) {
		int64_t position;
		bool stands = true;
		if (event.header.kind == EVENT_UNDO && undone_n < ORDERS_MAX && value_int(value_get(event.payload, TEXT("position")), &position))
			undone[undone_n++] = (uint64_t)position;
		if (event.header.kind != EVENT_LAYOUT || !text_equal(value_text(value_get(event.payload, TEXT("op"))), TEXT("order")) ||
		    !text_equal(value_text(value_get(event.payload, TEXT("surface"))), surface->name))
			continue;
		for (size_t i = 0; i < undone_n; i++)
			stands &= undone[i] != event.position;
		if (stands)
			orders[(*n)++] = event.position;
	}
	return error;
}

/* An order is taken back by undoing each that was stated: what was moved otherwise stays. */
static int orders_take_back(struct request *request, uint32_t origin, const struct surface *surface)
{
	uint64_t orders[ORDERS_MAX];
	size_t n = 0;
	int error = orders_find(request, origin, surface, orders, &n);
	for (size_t i = 0; i < n && !error; i++)
		error = undo_append(request, origin, orders[i]);
	return error;
}

int preference_value_put(struct buffer *out, struct text name, struct json value)
{
	const enum code_kind kind = code_kind_of(name);
	char room[CODE_BYTES_MAX];
	if (kind == CODE_NONE || json_type_of(value) <= JSON_NULL)
		return value_put_json(out, value, PREFERENCE_NESTING_MAX);
	struct text code = code_read(kind, json_text(value), room);
	if (code.n == 0)
		return ERROR_INVALID;
	value_put_text(out, code);
	return 0;
}

/* Menu changes become layout records, one each; the rest is gathered into one preference record. */
int preferences_apply(struct request *request, uint32_t origin, struct json set, enum channel channel, uint64_t *undo)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct json_cursor cursor = {0};
	struct json value;
	struct text name, part;
	size_t others = 0, object = value_open(&payload, VALUE_OBJECT);
	int error = 0;
	value_put_key(&payload, TEXT("set"));
	size_t inner = value_open(&payload, VALUE_OBJECT);
	while (!error && json_next_member(&cursor, set, &name, &value)) {
		struct menu_op op;
		const struct surface *surface = menu_named(request, name, &part);
		if (!surface) {
			if (name.n == 0 || name.n > LATEST_KEY_BYTES_MAX || product_setting_refusal(request, name, value))
				error = ERROR_INVALID;
			value_put_key(&payload, name);
			if (!error)
				error = preference_value_put(&payload, name, value);
			others++;
		} else if (text_equal(part, TEXT("order")) && json_type_of(value) == JSON_NULL) {
			error = orders_take_back(request, origin, surface);
		} else if (menu_op_read(request, origin, surface, part, value, &op)) {
			error = layout_append(request, origin, surface, &op, channel, undo);
		} else {
			error = ERROR_INVALID;
		}
	}
	value_close(&payload, inner);
	value_close(&payload, object);
	if (!error && others) {
		struct engine_write write = {.header = request_header(request, EVENT_PREFERENCE, channel), .payload = buffer_view(&payload)};
		error = payload.failed ? ERROR_LIMIT : request_append(request, origin, &write, undo);
	}
	buffer_free(&payload);
	return error;
}
