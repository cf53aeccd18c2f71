/* purchase.c: folding orders and returns. */
#include "customize/purchase.h"

#include "base/clock.h"
#include "customize/product.h"

#include <string.h>

enum { RULES_MAX = 16, LINES_MAX = 500 };

/* ---- configuration ---- */

struct purchase_rule {
	struct text event, returned, list, id, quantity, gift;
};

struct purchase_rules {
	struct purchase_rule items[RULES_MAX];
	size_t n;
};

static const struct config_key purchase_keys[] = {
	{.name = "event", .type = CONFIG_TEXT, .required = true}, {.name = "returned", .type = CONFIG_TEXT}, {.name = "list", .type = CONFIG_TEXT},
	{.name = "id", .type = CONFIG_TEXT, .required = true}, {.name = "quantity", .type = CONFIG_TEXT}, {.name = "gift", .type = CONFIG_TEXT},
	{.name = NULL}};

static struct text member(const struct config_document *document, const char *key)
{
	return value_text(value_get(document->body, text_of(key)));
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct purchase_rules *rules = arena_zero_alloc(config->arena, 1, sizeof *rules);
	const struct config_document *document;
	size_t at = 0;
	if (!rules)
		return ERROR_MEMORY;
	while ((document = config_next(config, TEXT("purchase"), &at))) {
		if (rules->n == RULES_MAX)
			return config_problem(build, document, NULL, "There are more than %d kinds of purchases.", RULES_MAX);
		rules->items[rules->n++] = (struct purchase_rule){
			.event = member(document, "event"), .returned = member(document, "returned"), .list = member(document, "list"),
			.id = member(document, "id"), .quantity = member(document, "quantity"), .gift = member(document, "gift")};
	}
	*section = rules;
	return 0;
}

const struct config_kind purchase_kind = {
	.name = "purchase", .keys = purchase_keys, .shapes_states = true, .section = CONFIG_PURCHASES, .compile = compile};

static const struct purchase_rules *rules_of(const struct config *config)
{
	static const struct purchase_rules none;
	const struct purchase_rules *rules = config ? config->sections[CONFIG_PURCHASES] : NULL;
	return rules ? rules : &none;
}

bool purchase_is_event(const struct config *config, struct text name)
{
	const struct purchase_rules *rules = rules_of(config);
	for (size_t i = 0; i < rules->n; i++)
		if (text_equal(rules->items[i].event, name) || (rules->items[i].returned.n && text_equal(rules->items[i].returned, name)))
			return true;
	return false;
}

/* ---- the state: purchases in the order of their marks ---- */

static uint16_t add16(uint16_t a, uint32_t b)
{
	return (uint16_t)(a + b > UINT16_MAX ? UINT16_MAX : a + b);
}

/* Where the product with @mark stands, or would stand. */
static size_t place_of(const struct fold_state *state, uint32_t mark)
{
	size_t at = 0;
	struct purchase other;
	for (; at + sizeof other <= state->n; at += sizeof other) {
		memcpy(&other, state->p + at, sizeof other);
		if (other.mark >= mark)
			break;
	}
	return at;
}

/* The product that was bought longest ago goes. */
static void make_room(struct fold_state *state)
{
	size_t oldest = 0;
	uint16_t day = UINT16_MAX;
	for (size_t at = 0; at + sizeof(struct purchase) <= state->n; at += sizeof(struct purchase)) {
		struct purchase one;
		memcpy(&one, state->p + at, sizeof one);
		if (one.days[0] < day) {
			day = one.days[0];
			oldest = at;
		}
	}
	memmove(state->p + oldest, state->p + oldest + sizeof(struct purchase), state->n - oldest - sizeof(struct purchase));
	state->n -= sizeof(struct purchase);
}

/* The product with @mark, made when it is not there; *@at is its place. */
static struct purchase take(struct fold_state *state, uint32_t mark, size_t *at)
{
	struct purchase found = {.mark = mark};
	*at = place_of(state, mark);
	if (*at < state->n) {
		struct purchase there;
		memcpy(&there, state->p + *at, sizeof there);
		if (there.mark == mark)
			return there;
	}
	if (state->n >= PURCHASES_MAX * sizeof found) {
		make_room(state);
		*at = place_of(state, mark);
	}
	memmove(state->p + *at + sizeof found, state->p + *at, state->n - *at);
	memcpy(state->p + *at, &found, sizeof found);
	state->n += sizeof found;
	return found;
}

/* Enter a day among the newest, each once. */
static void day_note(struct purchase *purchase, uint16_t day, uint32_t units)
{
	size_t at = 0;
	while (at < PURCHASE_DAYS && purchase->days[at] > day)
		at++;
	if (at == 0)
		purchase->last_units = purchase->days[0] == day ? add16(purchase->last_units, units) : add16(0, units);
	if (at == PURCHASE_DAYS || purchase->days[at] == day)
		return;
	memmove(&purchase->days[at + 1], &purchase->days[at], (PURCHASE_DAYS - at - 1) * sizeof purchase->days[0]);
	purchase->days[at] = day;
}

static void line_apply(struct fold_state *state, const struct purchase_rule *rule, struct value line, int64_t time_ms, bool returned)
{
	struct text id = value_text(value_at(line, rule->id));
	int64_t units = 1, day = time_ms / MS_A_DAY;
	size_t at;
	if (id.n == 0 || (rule->gift.n && value_is_true(value_at(line, rule->gift))))
		return;
	if (rule->quantity.n)
		value_int(value_at(line, rule->quantity), &units);
	if (units < 1)
		return;
	units = units > UINT16_MAX ? UINT16_MAX : units;
	struct purchase purchase = take(state, product_mark(id), &at);
	if (returned) {
		purchase.returned = add16(purchase.returned, (uint32_t)units);
	} else {
		purchase.orders = add16(purchase.orders, 1);
		purchase.units = add16(purchase.units, (uint32_t)units);
		day_note(&purchase, (uint16_t)(day < 1 ? 1 : day > UINT16_MAX ? UINT16_MAX : day), (uint32_t)units);
	}
	memcpy(state->p + at, &purchase, sizeof purchase);
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct purchase_rules *rules = rules_of(context->config);
	struct value properties = value_get(event->payload, TEXT("properties")), line;
	for (size_t i = 0; i < rules->n; i++) {
		const struct purchase_rule *rule = &rules->items[i];
		bool returned = rule->returned.n && text_equal(event->name, rule->returned);
		struct value_cursor cursor = {0};
		if (!returned && !text_equal(event->name, rule->event))
			continue;
		if (!rule->list.n) {
			line_apply(state, rule, properties, event->header.time_ms, returned);
			continue;
		}
		for (size_t n = 0; n < LINES_MAX && value_next_item(&cursor, value_at(properties, rule->list), &line); n++)
			line_apply(state, rule, line, event->header.time_ms, returned);
	}
}

/* Days are each once and the units of the newest are of that day, whichever side they come from: the same as applying the other's events. */
static void merge(struct fold_state *state, struct text other)
{
	struct purchase more;
	for (size_t at = 0; purchase_next(other, &at, &more);) {
		size_t place;
		struct purchase purchase = take(state, more.mark, &place);
		purchase.orders = add16(purchase.orders, more.orders);
		purchase.units = add16(purchase.units, more.units);
		purchase.returned = add16(purchase.returned, more.returned);
		for (size_t i = 0; i < PURCHASE_DAYS; i++)
			if (more.days[i])
				day_note(&purchase, more.days[i], i == 0 ? more.last_units : 0);
		memcpy(state->p + place, &purchase, sizeof purchase);
	}
}

const struct fold purchase_fold = {
	.name = "purchases", .version = 1, .bytes_max = (PURCHASES_MAX + 1) * sizeof(struct purchase), .kinds = EVENT_KIND_BIT(EVENT_TRACK),
	.summarises = true, .apply = apply, .merge = merge};

/* ---- reading ---- */

bool purchase_next(struct text state, size_t *at, struct purchase *purchase)
{
	if (*at + sizeof *purchase > state.n)
		return false;
	memcpy(purchase, state.p + *at, sizeof *purchase);
	*at += sizeof *purchase;
	return true;
}

bool purchase_is_owned(const struct purchase *purchase)
{
	return purchase->days[0] && purchase->units > purchase->returned;
}
