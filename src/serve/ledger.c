/* ledger.c: a customer's ledger, from the history. */
#include "serve/ledger.h"

#include "base/clock.h"
#include "differentiate/worth.h"
#include "interact/contact.h"
#include "interact/matter.h"
#include "serve/card.h"

#include <math.h>
#include <stdlib.h>

enum { STARS_KINDS = EVENT_KIND_BIT(EVENT_TRACK) | EVENT_KIND_BIT(EVENT_PAGE) | EVENT_KIND_BIT(EVENT_SCREEN) | EVENT_KIND_BIT(EVENT_IDENTIFY) |
                     EVENT_KIND_BIT(EVENT_CONSENT) | EVENT_KIND_BIT(EVENT_PREFERENCE) };

struct reading {
	struct request *request;
	struct ledger *ledger;
	struct stars_event *events;   /* Newest first, then turned. */
	size_t n, capacity;
	uint64_t purpose;
};

int ledger_open(struct ledger *ledger, struct request *request, uint32_t origin, const struct purpose *purpose, bool *may, uint32_t *number,
                struct history *history)
{
	struct engine *engine = request->server->engine;
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = customer_refresh(engine, customer);
	if (!error && !customer->origin_first)
		error = ERROR_BUSY;
	*ledger = (struct ledger){0};
	*may = !error && reader_agrees(engine, customer, purpose, request->now_ms);
	*number = customer->number;
	if (*may)
		ledger->matters = text_copy(request->arena, reader_service(engine, customer, &matter_fold));
	if (*may)
		error = history_start(history, engine, customer, request->arena, HISTORY_EVENTS);
	customer_unlock(engine, customer);
	return error;
}

/* ---- lines ---- */

static struct ledger_line *line_of(struct ledger *ledger, const struct price_line *price, const struct event *event)
{
	for (size_t i = 0; i < ledger->lines_n; i++)
		if (ledger->lines[i].price == price && ledger->lines[i].channel == (enum channel)event->header.channel)
			return &ledger->lines[i];
	if (ledger->lines_n == LEDGER_LINES_MAX)
		return NULL;
	struct ledger_line *line = &ledger->lines[ledger->lines_n++];
	*line = (struct ledger_line){.price = price, .event = price->event, .channel = (enum channel)event->header.channel};
	return line;
}

static void exact_add(struct price_exact *sum, const struct price_exact *one)
{
	sum->income += one->income;
	sum->cost += one->cost;
	sum->given += one->given;
	sum->lost += one->lost;
	sum->minutes += one->minutes;
}

static int line_add(struct ledger *ledger, const struct event *event, int32_t value, struct price_exact *exact, const struct price_line **found)
{
	const struct price_line *price = price_find(ledger->prices, event->name, (enum channel)event->header.channel);
	*exact = (struct price_exact){0};
	*found = price;
	if (!price)
		return 0;
	struct ledger_line *line = line_of(ledger, price, event);
	if (!line)
		return ERROR_LIMIT;
	*exact = price_exact_of(ledger->prices, price, (enum channel)event->header.channel, value);
	exact_add(&line->sum, exact);
	exact_add(&ledger->sum, exact);
	line->value += value;
	if (line->n < LEDGER_LINE_EVENTS)
		line->positions[line->n] = event->position;
	line->n++;
	return 0;
}

/* ---- stars ---- */

/* What an event taught: nothing, or a few words for the sentence. */
static struct text learned_from(struct reading *reading, const struct event *event)
{
	const struct price_goal *goal = &reading->ledger->prices->goal;
	struct value_cursor cursor = {0};
	struct value item;
	struct text key = {0};
	struct buffer words = BUFFER_INIT(200);
	if (event_is_held(event))
		return (struct text){0};
	switch ((enum event_kind)event->header.kind) {
	case EVENT_CONSENT:
		return TEXT("a choice about data");
	case EVENT_PREFERENCE:
		return TEXT("how it is wanted");
	case EVENT_IDENTIFY:
		if (!value_next_member(&cursor, value_get(event->payload, TEXT("traits")), &key, &item))
			return (struct text){0};
		buffer_string(&words, "the ");
		buffer_text(&words, text_first(key, 60));
		key = words.failed ? (struct text){0} : text_copy(reading->request->arena, buffer_view(&words));
		buffer_free(&words);
		return key.p ? key : (struct text){0};
	default:
		for (size_t i = 0; i < goal->learns_n; i++)
			if (text_equal(goal->learns[i], event->name))
				return TEXT("what was thought of it");
		return (struct text){0};
	}
}

/* The words must outlive the event. */
static struct text reason_of(struct reading *reading, const struct event *event)
{
	struct text reason = text_cut(value_text(event_value(event, TEXT("properties.reason"))), CONTACT_REASON_BYTES);
	return reason.n ? text_copy(reading->request->arena, reason) : (struct text){0};
}

static int star_add(struct reading *reading, const struct event *event, const struct price_exact *exact, const struct price_line *price)
{
	int error = memory_grow(&reading->events, &reading->capacity, reading->n + 1, sizeof *reading->events);
	if (error)
		return error;
	reading->events[reading->n++] = (struct stars_event){
		.time_ms = event->header.time_ms, .profit = exact->income - exact->cost, .minutes = exact->minutes, .position = event->position,
		.got = exact->given - exact->lost, .saved = price ? llround(price->saves * 100) : 0, .wasted = price ? llround(price->wastes * 100) : 0,
		.learned = learned_from(reading, event), .reason = reason_of(reading, event), .name = event->name.n ? event->name : text_of(event_kind_name((enum event_kind)event->header.kind)),
		.channel = event->header.channel, .ours = (price && price->ours) || event->header.channel == CHANNEL_NONE};
	return 0;
}

static int compare_times(const void *a, const void *b)
{
	const struct stars_event *left = a, *right = b;
	if (left->time_ms != right->time_ms)
		return left->time_ms < right->time_ms ? -1 : 1;
	return left->position < right->position ? -1 : left->position > right->position;
}

static int contacts_make(struct reading *reading)
{
	struct ledger *ledger = reading->ledger;
	int64_t stars = 0;
	size_t max = reading->n < STARS_CONTACTS_MAX ? reading->n : STARS_CONTACTS_MAX;
	ledger->contacts = arena_alloc(reading->request->arena, (max + 1) * sizeof *ledger->contacts);
	if (!ledger->contacts)
		return ERROR_MEMORY;
	if (reading->n)
		qsort(reading->events, reading->n, sizeof *reading->events, compare_times);
	ledger->contacts_n = stars_judge(ledger->contacts, max, reading->events, reading->n, &ledger->prices->goal);
	for (size_t i = 0; i < ledger->contacts_n; i++)
		stars += ledger->contacts[i].stars;
	ledger->stars = ledger->contacts_n ? (double)stars / (double)ledger->contacts_n : NAN;
	return 0;
}

/* ---- the walk ---- */

static int event_take(struct reading *reading, const struct event *event)
{
	struct price_exact exact = {0};
	const struct price_line *price = NULL;
	int32_t value = 0;
	int error = 0;
	if (engine_value(reading->request->server->engine, event, &value))
		error = line_add(reading->ledger, event, value, &exact, &price);
	if (!error && (event->header.purposes & reading->purpose) && (STARS_KINDS & EVENT_KIND_BIT(event->header.kind)))
		error = star_add(reading, event, &exact, price);
	return error;
}

int ledger_read(struct ledger *ledger, struct request *request, struct history *history, uint64_t purpose, int64_t at_ms)
{
	struct reading reading = {.request = request, .ledger = ledger, .purpose = purpose};
	int64_t from_ms = at_ms - (int64_t)WORTH_DAYS * MS_A_DAY;
	struct event event;
	bool more = true;
	*ledger = (struct ledger){.prices = price_list_of(engine_config(request->server->engine)), .stars = NAN, .matters = ledger->matters};
	int error = history_stream(history);
	if (!error)
		error = history_next(history, &event, &more);
	while (!error && more) {
		if (event.header.time_ms >= from_ms && event.header.time_ms < at_ms)
			error = event_take(&reading, &event);
		if (!error)
			error = history_next(history, &event, &more);
	}
	if (!error)
		error = contacts_make(&reading);
	memory_free(reading.events);
	return error;
}

/* ---- what each side got ---- */

bool ledger_settled_next(struct request *request, const struct ledger *ledger, const struct stars_contact *contact, size_t *at, struct text *words)
{
	const struct config *config = engine_config(request->server->engine);
	char says[2 * MATTER_TEXT_BYTES_MAX + 8];
	struct matter matter;
	while (matter_next(ledger->matters, at, &matter)) {
		if (!matter.closed_by || (uint8_t)matter.closed_on != contact->channel || matter.closed_ms < contact->start_ms || matter.closed_ms > contact->end_ms)
			continue;
		int n = card_matter_say(config, &matter, says, sizeof says);
		*words = text_copy(request->arena, (struct text){says, n < 0 ? 0 : (size_t)n < sizeof says ? (size_t)n : sizeof says - 1});
		return true;
	}
	return false;
}

struct text ledger_reason(struct request *request, const struct ledger *ledger, const struct stars_contact *contact, bool *asked)
{
	struct text settled;
	size_t at = 0;
	*asked = contact->reason.n > 0;
	if (*asked)
		return contact->reason;
	return ledger_settled_next(request, ledger, contact, &at, &settled) ? settled : contact->name;
}

static void company_write(struct json_writer *out, const struct stars_contact *contact)
{
	json_key(out, TEXT("company"));
	json_object_begin(out);
	json_put_double(out, "profit", (double)contact->profit / 10000);
	json_put_double(out, "minutes", (double)contact->minutes / 100);
	json_key(out, TEXT("learned"));
	if (contact->learned.n)
		json_write_text(out, contact->learned);
	else
		json_write_null(out);
	json_object_end(out);
}

static void customer_write(struct request *request, const struct ledger *ledger, const struct stars_contact *contact)
{
	struct json_writer *out = &request->out;
	struct text settled;
	json_key(out, TEXT("customer"));
	json_object_begin(out);
	json_put_double(out, "got", (double)contact->got / 10000);
	json_put_double(out, "minutes_saved", (double)contact->saved / 100);
	json_put_double(out, "minutes_wasted", (double)contact->wasted / 100);
	json_key(out, TEXT("settled"));
	json_array_begin(out);
	for (size_t at = 0; ledger_settled_next(request, ledger, contact, &at, &settled);)
		json_write_text(out, settled);
	json_array_end(out);
	json_object_end(out);
}

static void contact_write(struct request *request, const struct ledger *ledger, const struct stars_contact *contact)
{
	struct json_writer *out = &request->out;
	struct buffer why = BUFFER_INIT(400);
	char id[24];
	bool asked;
	struct text reason = ledger_reason(request, ledger, contact, &asked);
	stars_say(&why, contact, &ledger->prices->goal, ledger->prices->currency);
	json_object_begin(out);
	json_put_int(out, "stars", contact->stars);
	json_put_text(out, "name", contact->name);
	json_put_text(out, "channel", text_of(channel_name((enum channel)contact->channel)));
	json_put_time(out, "start", contact->start_ms);
	json_put_int(out, "events", contact->events);
	json_put_text(out, "event", record_format(id, 'e', contact->position));
	json_put_text(out, "why", buffer_view(&why));
	json_key(out, TEXT("reason"));
	json_object_begin(out);
	json_put_text(out, "text", reason);
	json_put_text(out, "marked", asked ? TEXT("asked") : TEXT("inferred"));
	json_object_end(out);
	company_write(out, contact);
	customer_write(request, ledger, contact);
	json_object_end(out);
	buffer_free(&why);
}

void ledger_write_stars(struct request *request, const struct ledger *ledger, size_t n)
{
	struct json_writer *out = &request->out;
	json_key(out, TEXT("stars"));
	json_object_begin(out);
	json_put_double(out, "mean", ledger->stars);
	json_put_int(out, "contacts", (int64_t)ledger->contacts_n);
	json_key(out, TEXT("last"));
	json_array_begin(out);
	for (size_t i = ledger->contacts_n; i > 0 && n > 0; i--, n--)
		contact_write(request, ledger, &ledger->contacts[i - 1]);
	json_array_end(out);
	json_object_end(out);
}
