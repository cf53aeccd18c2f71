/* broken_api.c: what is broken, and whom it hurts. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/broken.h"
#include "serve/card.h"

#include "base/clock.h"
#include "interact/touchpoint.h"
#include "measure/layers/layers.h"
#include "trust/purpose.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 50 * 1000 * 1000, HISTORY_MAX = 100 * 1000, DAYS = 90, DAYS_MAX = 730, MONTHS_MAX = 24, SHOWN_CASES = 5, SENTENCE_BYTES = 400 };

bool broken_look_begin(struct request *request, struct broken_look *looking)
{
	struct engine *engine = request->server->engine;
	struct dictionary *names = engine_dictionary(engine);
	*looking = (struct broken_look){.request = request, .config = engine_config(engine)};
	if (!request_number(request, "days", DAYS, 1, DAYS_MAX, &looking->days))
		return false;
	const struct journey_rules *rules = journey_rules(looking->config);
	const struct price_list *prices = price_list_of(looking->config);
	looking->roads = arena_alloc(request->arena, (rules->n + 1) * sizeof *looking->roads);
	looking->spots = arena_alloc(request->arena, (rules->n + 1) * sizeof *looking->spots);
	int error = looking->roads && looking->spots ? 0 : ERROR_MEMORY;
	if (!error)
		error = price_index_make(&looking->index, request->arena, prices, dictionary_count(names) + 1, dictionary_seek, names);
	if (error) {
		reply_failure(request, error);
		return false;
	}
	size_t n = broken_roads_bind(looking->roads, rules, promise_rules(looking->config), dictionary_seek, names);
	looking->question = (struct broken_question){
		.roads = looking->roads, .roads_n = n, .prices = prices, .index = &looking->index,
		.from_ms = request->now_ms - looking->days * MS_A_DAY, .to_ms = request->now_ms + 1, .now_ms = request->now_ms};
	return true;
}

bool broken_look_find(struct broken_look *looking)
{
	struct customer_rows rows;
	int error = customer_rows_take(&rows, looking->request->server->engine, looking->question.from_ms, looking->question.to_ms, EVENTS_MAX);
	if (!error)
		error = broken_find(looking->spots, &rows, &looking->question);
	customer_rows_free(&rows);
	if (error == ERROR_LIMIT)
		reply_error(looking->request, 422, "too_many_events", "That is more than %d events. Ask for fewer days.", EVENTS_MAX);
	else if (error)
		reply_failure(looking->request, error);
	return error == 0;
}

/* ---- words ---- */

/* Who keeps it: said with the journey; else whoever owns what its interaction needs. */
static struct text owner_of(const struct broken_look *looking, const struct journey_rule *rule)
{
	const struct layers *layers = layers_of(looking->config);
	if (rule->owner.n)
		return rule->owner;
	for (size_t i = 0; i < layers->n; i++) {
		const struct layer_node *node = &layers->nodes[i];
		struct value_cursor cursor = {0};
		struct value item;
		while (node->layer == LAYER_INTERACTION && value_next_item(&cursor, value_get(node->document->body, TEXT("events")), &item)) {
			if (!text_equal(value_text(item), rule->goal))
				continue;
			for (size_t j = node->any_n; j < node->needs_n; j++)
				if (layers->nodes[node->needs[j]].owner.n)
					return layers->nodes[node->needs[j]].owner;
		}
	}
	return (struct text){"", 0};
}

const char *broken_signal_words(enum broken_signal_kind kind)
{
	static const char *const words[BROKEN_SIGNALS] = {
		[BROKEN_LEFT] = "left before they were done", [BROKEN_FAILED] = "met an error", [BROKEN_FORCED] = "met an error and had to ask our staff",
		[BROKEN_ASKED] = "were asked for what they had told us", [BROKEN_WAITED] = "waited longer than promised", [BROKEN_STARS] = "gave one or two stars"};
	return words[kind];
}

static double a_month(const struct broken_look *looking, double cost)
{
	return cost / 100 / (double)looking->days * DAYS_A_MONTH;
}

/* ---- the list ---- */

static void signal_write(const struct broken_look *looking, const struct broken_signal *signal)
{
	struct json_writer *out = &looking->request->out;
	bool shown = behind_may_show(looking->request, signal->share.k);
	struct text place = card_name_of(looking->request, signal->touchpoint);
	json_object_begin(out);
	json_put_text(out, "signal", text_of(broken_signal_name(signal->kind)));
	json_put_text(out, "says", text_of(broken_signal_words(signal->kind)));
	json_put_bool(out, "hidden", !shown);
	json_key(out, TEXT("customers"));
	if (shown)
		json_write_int(out, (int64_t)signal->share.k);
	else
		json_write_null(out);
	json_put_int(out, "of", (int64_t)signal->share.n);
	if (shown) {
		share_put(out, signal->share);
		json_put_double(out, "baseline", signal->baseline);
		json_put_double(out, "excess", signal->excess);
		json_put_double(out, "cost_a_month", a_month(looking, signal->cost));
		if (signal->touchpoint) {
			json_put_text(out, "touchpoint", place);
			json_put_text(out, "at", touchpoint_title(looking->config, place));
		}
	}
	json_object_end(out);
}

static void spot_members(const struct broken_look *looking, const struct broken_spot *spot)
{
	struct json_writer *out = &looking->request->out;
	json_put_text(out, "spot", spot->road->rule->name);
	json_put_text(out, "title", spot->road->rule->title);
	json_put_text(out, "owner", owner_of(looking, spot->road->rule));
	json_put_int(out, "customers", (int64_t)spot->customers);
	json_put_double(out, "score", spot->score);
	json_put_bool(out, "broken", spot->score >= BROKEN_LEAST);
	json_put_double(out, "cost_a_month", a_month(looking, spot->cost));
	json_key(out, TEXT("signals"));
	json_array_begin(out);
	for (unsigned i = 0; i < BROKEN_SIGNALS; i++)
		if (spot->signals[i].measured && spot->signals[i].share.n)
			signal_write(looking, &spot->signals[i]);
	json_array_end(out);
}

/* "Get a card that works: 214 people met an error and had to ask our staff, 5,900 EUR a month." */
static void spot_say(struct buffer *out, const struct broken_look *looking, const struct broken_spot *spot)
{
	const struct broken_signal *worst = &spot->signals[0];
	buffer_format(out, "%.*s: %" PRIu64 " people %s", TEXT_ARGS(text_first(spot->road->rule->title, 80)), worst->share.k, broken_signal_words(worst->kind));
	if (a_month(looking, spot->cost) >= 1)
		buffer_format(out, ", %.0f %.*s a month", a_month(looking, spot->cost), TEXT_ARGS(looking->question.prices->currency));
	buffer_char(out, '.');
}

static bool spot_is_shown(const struct broken_look *looking, const struct broken_spot *spot)
{
	return spot->customers && behind_may_show(looking->request, spot->customers);
}

static void head_write(const struct broken_look *looking, const char *sentence)
{
	struct json_writer *out = &looking->request->out;
	json_put_text(out, "sentence", text_of(sentence));
	json_put_time(out, "from", looking->question.from_ms);
	json_put_time(out, "to", looking->question.to_ms);
	json_put_int(out, "days", looking->days);
	json_put_text(out, "currency", looking->question.prices->currency);
}

void api_broken(struct request *request)
{
	struct broken_look looking;
	struct json_writer *out = &request->out;
	char sentence[SENTENCE_BYTES] = "";
	struct buffer words = {.p = sentence, .capacity = sizeof sentence - 1, .bytes_max = sizeof sentence - 1};
	if (!broken_look_begin(request, &looking) || !broken_look_find(&looking))
		return;
	size_t n = looking.question.roads_n, broken = 0;
	broken_rank(looking.spots, n);
	for (size_t i = 0; i < n; i++)
		broken += spot_is_shown(&looking, &looking.spots[i]) && looking.spots[i].score >= BROKEN_LEAST;
	if (n == 0)
		buffer_string(&words, "No journey is written down yet: say where one begins and what its goal is.");
	else if (broken == 0)
		buffer_format(&words, "Nothing stands out as broken in the last %" PRId64 " days.", looking.days);
	else
		spot_say(&words, &looking, &looking.spots[0]);
	json_object_begin(out);
	head_write(&looking, sentence);
	json_put_int(out, "broken", (int64_t)broken);
	json_key(out, TEXT("spots"));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++) {
		if (!spot_is_shown(&looking, &looking.spots[i]))
			continue;
		json_object_begin(out);
		spot_members(&looking, &looking.spots[i]);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

/* ---- one spot: its customers, its course, five journeys ---- */

struct month {
	uint32_t taken, shown;
};

struct opening {
	struct broken_look *looking;
	uint32_t road;
	int kind;                          /* Of the signal that is opened; -1: any. */
	struct behind behind;
	struct month months[MONTHS_MAX];
	struct broken_case cases[SHOWN_CASES];
	size_t cases_n;
	uint32_t month_customer[MONTHS_MAX], shown_customer[MONTHS_MAX];
};

static size_t month_of(const struct opening *opening, int64_t time_ms)
{
	size_t month = (size_t)((opening->looking->question.to_ms - time_ms) / MS_A_MONTH);
	return month < MONTHS_MAX ? month : MONTHS_MAX - 1;
}

static void taken_take(void *arg, uint32_t road, uint32_t customer, int64_t began_ms, bool reached)
{
	struct opening *opening = arg;
	size_t month = month_of(opening, began_ms);
	(void)reached;
	if (road != opening->road || opening->month_customer[month] == customer)
		return;
	opening->month_customer[month] = customer;
	opening->months[month].taken++;
}

/* The newest cases of customers who may be named are shown, one a customer. */
static void case_keep(struct opening *opening, const struct broken_case *found)
{
	struct engine *engine = opening->looking->request->server->engine;
	const struct purpose *purpose = purpose_find(opening->looking->config, TEXT("analytics"));
	size_t at = opening->cases_n < SHOWN_CASES ? opening->cases_n : 0;
	for (size_t i = 0; i < opening->cases_n; i++) {
		if (opening->cases[i].customer == found->customer)
			return;
		if (opening->cases_n == SHOWN_CASES && opening->cases[i].time_ms < opening->cases[at].time_ms)
			at = i;
	}
	if (opening->cases_n == SHOWN_CASES && opening->cases[at].time_ms >= found->time_ms)
		return;
	struct customer *customer = customer_lock_of(engine, found->customer);
	if (!customer)
		return;
	bool named = behind_may_name(engine, customer, purpose, opening->looking->request->now_ms);
	customer_unlock(engine, customer);
	if (!named)
		return;
	opening->cases[at] = *found;
	opening->cases_n += opening->cases_n < SHOWN_CASES;
}

static void case_take(void *arg, const struct broken_case *found)
{
	struct opening *opening = arg;
	size_t month = month_of(opening, found->began_ms);
	if (found->road != opening->road || (opening->kind >= 0 && opening->kind != (int)found->kind) || found->customer >= opening->behind.customers_n)
		return;
	if (opening->shown_customer[month] != found->customer)
		opening->months[month].shown++;
	opening->shown_customer[month] = found->customer;
	opening->behind.total += !opening->behind.customers[found->customer];
	opening->behind.customers[found->customer] = 1;
	case_keep(opening, found);
}

static void months_write(const struct opening *opening)
{
	struct json_writer *out = &opening->looking->request->out;
	size_t n = (size_t)((double)opening->looking->days / DAYS_A_MONTH + 0.5);
	n = n > MONTHS_MAX ? MONTHS_MAX : n ? n : 1;
	json_key(out, TEXT("months"));
	json_array_begin(out);
	for (size_t i = n; i-- > 0;) {
		struct share share = share_of(opening->months[i].shown < opening->months[i].taken ? opening->months[i].shown : opening->months[i].taken, opening->months[i].taken);
		bool shown = behind_may_show(opening->looking->request, opening->months[i].taken);
		json_object_begin(out);
		json_put_time(out, "until", opening->looking->question.to_ms - (int64_t)i * MS_A_MONTH);
		json_put_int(out, "of", shown ? opening->months[i].taken : 0);
		if (shown)
			share_put(out, share);
		else
			json_put_null(out, "share");
		json_object_end(out);
	}
	json_array_end(out);
}

/* What one customer did from the beginning of the road to the moment of the signal. */
static void journey_write(const struct opening *opening, const struct broken_case *found)
{
	struct request *request = opening->looking->request;
	struct json_writer *out = &request->out;
	struct customer_rows rows;
	struct customer *customer = customer_lock_of(request->server->engine, found->customer);
	json_object_begin(out);
	json_key(out, TEXT("customer"));
	if (customer) {
		customer_row_write(request, customer);
		customer_unlock(request->server->engine, customer);
	} else {
		json_write_null(out);
	}
	json_put_time(out, "began", found->began_ms);
	json_key(out, TEXT("steps"));
	json_array_begin(out);
	int error = customer_rows_of(&rows, request->server->engine, found->customer, found->began_ms, HISTORY_MAX, request->arena);
	for (size_t i = 0; !error && i < rows.n && rows.items[i].time_ms <= found->time_ms; i++) {
		json_object_begin(out);
		json_put_time(out, "time", rows.items[i].time_ms);
		json_put_text(out, "event", card_name_of(request, rows.items[i].name));
		json_put_text(out, "channel", text_of(channel_name((enum channel)rows.items[i].channel)));
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
	customer_rows_free(&rows);
}

static bool opening_read(struct request *request, struct broken_look *looking, struct opening *opening)
{
	struct text signal = http_query(request->http, "signal");
	*opening = (struct opening){.looking = looking, .kind = -1, .behind.customers_n = engine_origins(request->server->engine) + 1};
	while (opening->road < looking->question.roads_n && !text_equal(looking->roads[opening->road].rule->name, request->parameters[0]))
		opening->road++;
	if (opening->road == looking->question.roads_n) {
		reply_error(request, 404, "no_spot", "No journey with a start is called \"%.*s\".", TEXT_ARGS(text_first(request->parameters[0], 80)));
		return false;
	}
	for (int i = 0; i < BROKEN_SIGNALS && signal.n; i++)
		if (text_equal(signal, text_of(broken_signal_name((enum broken_signal_kind)i))))
			opening->kind = i;
	if (signal.n && opening->kind < 0) {
		reply_error(request, 400, "no_signal", "\"signal\" is left, failed, forced, asked, waited or stars.");
		return false;
	}
	return true;
}

static void opening_write(struct opening *opening, const struct broken_spot *spot)
{
	struct request *request = opening->looking->request;
	struct json_writer *out = &request->out;
	char sentence[SENTENCE_BYTES] = "";
	struct buffer words = {.p = sentence, .capacity = sizeof sentence - 1, .bytes_max = sizeof sentence - 1};
	if (behind_may_show(request, opening->behind.total))
		buffer_format(&words, "%" PRIu32 " people %s: %.*s.", opening->behind.total,
		              opening->kind < 0 ? "met something that is broken" : broken_signal_words((enum broken_signal_kind)opening->kind),
		              TEXT_ARGS(text_first(spot->road->rule->title, 80)));
	else
		buffer_format(&words, "Too few customers to show: %" PRId64 " are needed.", request->server->settings.aggregate_min);
	json_object_begin(out);
	head_write(opening->looking, sentence);
	spot_members(opening->looking, spot);
	months_write(opening);
	json_key(out, TEXT("behind"));
	json_object_begin(out);
	behind_write(request, &opening->behind);
	json_object_end(out);
	json_key(out, TEXT("journeys"));
	json_array_begin(out);
	for (size_t i = 0; behind_may_show(request, opening->behind.total) && i < opening->cases_n; i++)
		journey_write(opening, &opening->cases[i]);
	json_array_end(out);
	json_object_end(out);
}

void api_broken_spot(struct request *request)
{
	struct broken_look looking;
	struct opening *opening = arena_alloc(request->arena, sizeof *opening);
	if (!opening)
		return reply_failure(request, ERROR_MEMORY);
	if (!broken_look_begin(request, &looking) || !opening_read(request, &looking, opening))
		return;
	opening->behind.customers = memory_zero_alloc(opening->behind.customers_n, 1);
	if (!opening->behind.customers)
		return reply_failure(request, ERROR_MEMORY);
	looking.question.taken = taken_take;
	looking.question.each = case_take;
	looking.question.arg = opening;
	if (broken_look_find(&looking)) {
		struct broken_spot spot = looking.spots[opening->road];
		broken_rank(&spot, 1);
		opening_write(opening, &spot);
	}
	memory_free(opening->behind.customers);
}
