/* matter.c: open matters. */
#include "interact/matter.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

enum { STATE_BYTES_MAX = 8 * 1024, MINOR = 100 };

/* ---- configuration ---- */

struct matter_rule {
	struct text kind, opens, closes, id, closes_id, title, amount, due, next;
};

struct matter_rules {
	const struct matter_rule *items;
	size_t n;
};

static const struct config_key opens_keys[] = {
	{.name = "event", .type = CONFIG_TEXT, .required = true}, {.name = "id", .type = CONFIG_TEXT, .required = true},
	{.name = "title", .type = CONFIG_TEXT},                   {.name = "amount", .type = CONFIG_TEXT},
	{.name = "due", .type = CONFIG_TEXT},                     {.name = NULL}};
static const struct config_key closes_keys[] = {
	{.name = "event", .type = CONFIG_TEXT, .required = true}, {.name = "id", .type = CONFIG_TEXT}, {.name = NULL}};
static const struct config_key matter_keys[] = {
	{.name = "title", .type = CONFIG_TEXT},
	{.name = "opens", .type = CONFIG_MAP, .required = true, .keys = opens_keys},
	{.name = "closes", .type = CONFIG_MAP, .required = true, .keys = closes_keys},
	{.name = "next", .type = CONFIG_TEXT},
	{.name = NULL}};

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct matter_rules *rules = arena_zero_alloc(config->arena, 1, sizeof *rules);
	struct matter_rule *items = arena_zero_alloc(config->arena, config->documents_n + 1, sizeof *items);
	const struct config_document *document;
	size_t at = 0;
	(void)build;
	if (!rules || !items)
		return ERROR_MEMORY;
	while ((document = config_next(config, TEXT("matter"), &at))) {
		struct value opens = value_get(document->body, TEXT("opens")), closes = value_get(document->body, TEXT("closes"));
		struct text id = value_text(value_get(opens, TEXT("id"))), closes_id = value_text(value_get(closes, TEXT("id")));
		items[rules->n++] = (struct matter_rule){
			.kind = document->name, .opens = value_text(value_get(opens, TEXT("event"))),
			.closes = value_text(value_get(closes, TEXT("event"))), .id = id, .closes_id = closes_id.n ? closes_id : id,
			.title = value_text(value_get(opens, TEXT("title"))), .amount = value_text(value_get(opens, TEXT("amount"))),
			.due = value_text(value_get(opens, TEXT("due"))), .next = value_text(value_get(document->body, TEXT("next")))};
	}
	rules->items = items;
	*section = rules;
	return 0;
}

const struct config_kind matter_kind = {
	.name = "matter", .keys = matter_keys, .shapes_states = true, .section = CONFIG_MATTERS, .compile = compile};

static const struct matter_rules *rules_of(const struct config *config)
{
	static const struct matter_rules none;
	const struct matter_rules *rules = config ? config->sections[CONFIG_MATTERS] : NULL;
	return rules ? rules : &none;
}

struct text matter_next_step(const struct config *config, struct text kind)
{
	const struct matter_rules *rules = rules_of(config);
	for (size_t i = 0; i < rules->n; i++)
		if (text_equal(rules->items[i].kind, kind))
			return rules->items[i].next;
	return (struct text){"", 0};
}

/* ---- the state: packed matters, newest first ---- */

struct packed {
	uint16_t bytes;
	uint8_t id_n, kind_n, title_n, currency_n, closed_on, reserved;
	int64_t amount_minor, due_ms, opened_ms, closed_ms;
	uint64_t opened_by, closed_by;
} __attribute__((packed));

static void unpack(const char *p, struct packed *head, struct matter *matter)
{
	memcpy(head, p, sizeof *head);
	p += sizeof *head;
	*matter = (struct matter){
		.amount_minor = head->amount_minor, .due_ms = head->due_ms, .opened_ms = head->opened_ms, .closed_ms = head->closed_ms,
		.opened_by = head->opened_by, .closed_by = head->closed_by, .closed_on = (enum channel)head->closed_on};
	matter->id = (struct text){p, head->id_n};
	matter->kind = (struct text){p += head->id_n, head->kind_n};
	matter->title = (struct text){p += head->kind_n, head->title_n};
	matter->currency = (struct text){p + head->title_n, head->currency_n};
}

bool matter_next(struct text state, size_t *at, struct matter *matter)
{
	struct packed head;
	if (*at + sizeof head > state.n)
		return false;
	unpack(state.p + *at, &head, matter);
	*at += head.bytes;
	return true;
}

/* The moment that orders matters, so that the order does not depend on arrival. */
static int64_t moment(const struct matter *matter)
{
	return matter->opened_ms ? matter->opened_ms : matter->closed_ms;
}

static bool before(const struct matter *a, const struct matter *b)
{
	if (moment(a) != moment(b))
		return moment(a) > moment(b);
	int by_id = text_compare(a->id, b->id);
	return (by_id ? by_id : text_compare(a->kind, b->kind)) < 0;
}

static void remove_at(struct fold_state *state, size_t at)
{
	struct packed head;
	memcpy(&head, state->p + at, sizeof head);
	memmove(state->p + at, state->p + at + head.bytes, state->n - at - head.bytes);
	state->n -= head.bytes;
}

/* Take the last one out when there are too many bytes or matters; false when there are not. */
static bool last_remove(struct fold_state *state, size_t bytes_max)
{
	struct matter matter;
	struct text view = {(const char *)state->p, state->n};
	size_t last = 0, n = 0;
	for (size_t at = 0, here = 0; matter_next(view, &at, &matter); here = at, n++)
		last = here;
	if (n <= MATTERS_MAX && state->n <= bytes_max)
		return false;
	remove_at(state, last);
	return true;
}

static void put(struct fold_state *state, const struct matter *matter)
{
	struct packed head = {
		.id_n = (uint8_t)matter->id.n, .kind_n = (uint8_t)matter->kind.n, .title_n = (uint8_t)matter->title.n,
		.currency_n = (uint8_t)matter->currency.n, .closed_on = (uint8_t)matter->closed_on, .amount_minor = matter->amount_minor,
		.due_ms = matter->due_ms, .opened_ms = matter->opened_ms, .closed_ms = matter->closed_ms, .opened_by = matter->opened_by,
		.closed_by = matter->closed_by};
	head.bytes = (uint16_t)(sizeof head + head.id_n + head.kind_n + head.title_n + head.currency_n);
	struct matter other;
	size_t at = 0, here = 0, n = 0;
	struct text view = {(const char *)state->p, state->n};
	while (matter_next(view, &at, &other) && before(&other, matter)) {
		here = at;
		n++;
	}
	if (n >= MATTERS_MAX || here + head.bytes > state->capacity)
		return; /* Older than all that are kept. */
	uint8_t bytes[sizeof head + 4 * 255], *p = bytes; /* The matter may lie in the state that moves. */
	memcpy(p, &head, sizeof head);
	p += sizeof head;
	struct text parts[] = {matter->id, matter->kind, matter->title, matter->currency};
	for (size_t i = 0; i < 4; i++) {
		if (parts[i].n)
			memcpy(p, parts[i].p, parts[i].n);
		p += parts[i].n;
	}
	while (last_remove(state, state->capacity - head.bytes))
		; /* The oldest goes. */
	memmove(state->p + here + head.bytes, state->p + here, state->n - here);
	memcpy(state->p + here, bytes, head.bytes);
	state->n += head.bytes;
	last_remove(state, state->capacity);
}

static struct text property_text(const struct event *event, struct text name, char digits[32])
{
	struct value value = value_at(value_get(event->payload, TEXT("properties")), name);
	int64_t number;
	if (value_type_of(value) == VALUE_INT && value_int(value, &number)) {
		struct buffer out = {.p = digits, .capacity = 32, .bytes_max = 32};
		buffer_int(&out, number);
		return buffer_view(&out);
	}
	return text_cut(value_text(value), MATTER_TEXT_BYTES_MAX);
}

static int64_t amount_of(const struct event *event, struct text name)
{
	double amount;
	struct value properties = value_get(event->payload, TEXT("properties"));
	if (!name.n || !value_double(value_at(properties, name), &amount) || fabs(amount) > 1e12)
		return 0;
	return (int64_t)llround(amount * MINOR);
}

/* Of several events that say the same, the earliest counts: so the order in which they come does not matter. */
static bool is_earlier(const struct event *event, int64_t ms, uint64_t position)
{
	return event->header.time_ms != ms ? event->header.time_ms < ms : event->position < position;
}

static void opened(struct matter *matter, const struct matter_rule *rule, const struct event *event, char digits[32])
{
	int64_t due;
	if (matter->opened_by && !is_earlier(event, matter->opened_ms, matter->opened_by))
		return;
	matter->opened_by = event->position;
	matter->opened_ms = event->header.time_ms;
	matter->due_ms = 0;
	matter->title = property_text(event, rule->title, digits);
	matter->amount_minor = amount_of(event, rule->amount);
	matter->currency = text_cut(value_text(event_value(event, TEXT("properties.currency"))), 3);
	struct value when = value_at(value_get(event->payload, TEXT("properties")), rule->due);
	if (rule->due.n && clock_parse(value_text(when), &due) == 0)
		matter->due_ms = due;
}

static void apply_rule(struct fold_state *state, const struct event *event, const struct matter_rule *rule, bool opens)
{
	char id_digits[32], title_digits[32], kept[4 * 256];
	struct matter matter = {0}, found;
	struct text id = property_text(event, opens ? rule->id : rule->closes_id, id_digits), view = {(const char *)state->p, state->n};
	struct text kind = text_cut(rule->kind, MATTER_TEXT_BYTES_MAX);
	if (id.n == 0)
		return;
	for (size_t at = 0, here = 0; matter_next(view, &at, &found); here = at) {
		if (!text_equal(found.id, id) || !text_equal(found.kind, kind))
			continue;
		matter = found;
		memcpy(kept, found.title.p, found.title.n + found.currency.n); /* They lie one behind the other. */
		matter.title.p = kept;
		matter.currency.p = kept + found.title.n;
		remove_at(state, here);
		break;
	}
	matter.id = id;
	matter.kind = kind;
	if (opens) {
		opened(&matter, rule, event, title_digits);
	} else if (!matter.closed_by || is_earlier(event, matter.closed_ms, matter.closed_by)) {
		matter.closed_by = event->position;
		matter.closed_ms = event->header.time_ms;
		matter.closed_on = (enum channel)event->header.channel;
	}
	put(state, &matter);
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct matter_rules *rules = rules_of(context->config);
	for (size_t i = 0; i < rules->n; i++) {
		if (text_equal(event->name, rules->items[i].opens))
			apply_rule(state, event, &rules->items[i], true);
		if (text_equal(event->name, rules->items[i].closes))
			apply_rule(state, event, &rules->items[i], false);
	}
}

const struct fold matter_fold = {
	.name = "matters", .version = 2, .bytes_max = STATE_BYTES_MAX,
	.kinds = EVENT_KIND_BIT(EVENT_TRACK), .apply = apply};

void matter_write(struct json_writer *writer, const struct matter *matter)
{
	json_object_begin(writer);
	json_put_text(writer, "matter", matter->id);
	json_put_text(writer, "kind", matter->kind);
	json_put_text(writer, "title", matter->title);
	/* A card on its way costs nothing: no amount is not an amount of nothing. */
	if (matter->amount_minor || matter->currency.n) {
		json_put_double(writer, "amount", (double)matter->amount_minor / MINOR);
		json_key(writer, TEXT("currency"));
		if (matter->currency.n)
			json_write_text(writer, matter->currency);
		else
			json_write_null(writer);
	} else {
		json_put_null(writer, "amount");
		json_put_null(writer, "currency");
	}
	if (matter->due_ms)
		json_put_time(writer, "due", matter->due_ms);
	else
		json_put_null(writer, "due");
	json_put_text(writer, "state", matter_is_open(matter) ? TEXT("open") : TEXT("done"));
	if (matter->opened_ms)
		json_put_time(writer, "since", matter->opened_ms);
	if (matter->closed_ms) {
		json_put_time(writer, "closed", matter->closed_ms);
		json_put_text(writer, "closed_on", text_of(channel_name(matter->closed_on)));
	}
	json_object_end(writer);
}
