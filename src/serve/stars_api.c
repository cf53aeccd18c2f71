/*
 * stars_api.c: GET /v1/worth/stars: is it worth it: the company's stars for contacts, month by month, against the goal.
 *
 * Each contact is judged as on the customer's card, from the history, so it is a sample of customers, and of those alone who agreed to
 * be looked at; the interval says how far it carries.
 */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/ledger.h"

#include "base/clock.h"
#include "measure/participation.h"
#include "measure/share.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { SAMPLE = 300, ARENA_BYTES_MAX = 16 * 1024 * 1024, SENTENCE_BYTES = 500 };

struct course {
	struct stars_sum months[PARTICIPATION_MONTHS]; /* The oldest first. */
	uint32_t looked_at;
};

/* One customer's contacts, by the month in which they began. */
static void contacts_count(struct course *course, const struct ledger *ledger, int64_t now_ms)
{
	struct stars_sum own[PARTICIPATION_MONTHS] = {{0}};
	for (size_t i = 0; i < ledger->contacts_n; i++) {
		const struct stars_contact *contact = &ledger->contacts[i];
		size_t month = participation_month(now_ms, contact->start_ms);
		if (month < PARTICIPATION_MONTHS)
			stars_sum_add(&own[month], contact->stars, 1, contact->profit, contact->minutes);
	}
	for (size_t month = 0; month < PARTICIPATION_MONTHS; month++)
		if (own[month].contacts)
			stars_sum_add(&course->months[month], own[month].stars, own[month].contacts, own[month].profit, own[month].minutes);
	course->looked_at++;
}

/* @inner is the request with an arena that is emptied after each customer. */
static int course_take(struct course *course, struct request *inner, const struct purpose *purpose)
{
	struct engine *engine = inner->server->engine;
	uint64_t step = engine_figures(engine).customers / SAMPLE + 1, met = 0;
	uint32_t n = engine_origins(engine) + 1, number = 0;
	int error = 0;
	for (uint32_t origin = 1; origin < n && !error; origin++) {
		struct history history;
		bool may = false;
		if (atomic_load(&engine_origin(engine, origin)->customer) != origin || met++ % step)
			continue; /* A customer has the number of one of its origins. */
		arena_reset(inner->arena);
		struct ledger *ledger = arena_alloc(inner->arena, sizeof *ledger);
		error = ledger ? ledger_open(ledger, inner, origin, purpose, &may, &number, &history) : ERROR_MEMORY;
		if (error == ERROR_NOT_FOUND || error == ERROR_BUSY || (!error && (!may || number != origin))) {
			error = 0; /* Gone, joined to another, or not agreed. */
			continue;
		}
		if (!error)
			error = ledger_read(ledger, inner, &history, purpose->mask, inner->now_ms + 1);
		if (!error)
			contacts_count(course, ledger, inner->now_ms);
		if (error == ERROR_LIMIT)
			error = 0; /* More kinds of things than a ledger has lines: not judged. */
	}
	return error;
}

/* "above", "below", or "open": it cannot be told yet. */
static const char *against(const struct stars_mean *mean, double goal)
{
	return mean->low > goal ? "above" : mean->high < goal ? "below" : "open";
}

static void month_write(struct request *request, const struct stars_sum *sum, double goal, int64_t until_ms)
{
	struct json_writer *out = &request->out;
	bool shown = sum->customers > 0 && behind_may_show(request, sum->customers);
	struct stars_mean mean = stars_mean_of(sum);
	json_object_begin(out);
	json_put_time(out, "until", until_ms);
	json_put_bool(out, "hidden", !shown);
	if (shown) {
		share_put_value(out, mean.value, mean.low, mean.high);
		json_put_int(out, "contacts", (int64_t)sum->contacts);
		json_put_int(out, "customers", (int64_t)sum->customers);
		json_put_double(out, "profit_a_contact", round((double)sum->profit / (double)sum->contacts / 100) / 100);
		json_put_double(out, "minutes_a_contact", round((double)sum->minutes / (double)sum->contacts) / 100);
		if (goal > 0)
			json_put_text(out, "against_goal", text_of(against(&mean, goal)));
	}
	json_object_end(out);
}

static void sentence_write(struct request *request, const struct stars_sum *now, const struct price_list *prices)
{
	char text[SENTENCE_BYTES], goal[100] = "";
	struct stars_mean mean = stars_mean_of(now);
	if (prices->goal.stars > 0)
		snprintf(goal, sizeof goal, mean.low > prices->goal.stars ? ", above the goal of %.1f" : mean.high < prices->goal.stars ? ", below the goal of %.1f" : "; whether the goal of %.1f is met cannot be told yet",
		         prices->goal.stars);
	if (now->customers && behind_may_show(request, now->customers))
		snprintf(text, sizeof text, "A contact of this month gets %.2f of 5 stars (%.2f to %.2f, %" PRIu64 " contacts of %" PRIu64 " customers), brings %.2f %.*s and takes %.1f minutes of staff%s.",
		         mean.value, mean.low, mean.high, now->contacts, now->customers, (double)now->profit / (double)now->contacts / 10000, TEXT_ARGS(text_first(prices->currency, 8)),
		         (double)now->minutes / (double)now->contacts / 100, goal);
	else
		snprintf(text, sizeof text, "Too few customers who agreed came this month: %" PRId64 " are needed.", request->server->settings.aggregate_min);
	json_put_text(&request->out, "sentence", text_of(text));
}

static void course_write(struct request *request, const struct course *course, const struct price_list *prices, const struct purpose *purpose)
{
	struct json_writer *out = &request->out;
	json_object_begin(out);
	sentence_write(request, &course->months[PARTICIPATION_MONTHS - 1], prices);
	json_put_double(out, "goal", prices->goal.stars > 0 ? prices->goal.stars : NAN);
	json_put_text(out, "currency", prices->currency);
	json_put_text(out, "purpose", purpose ? purpose->title : TEXT(""));
	json_put_int(out, "looked_at", course->looked_at);
	json_key(out, TEXT("months"));
	json_array_begin(out);
	for (size_t month = 0; month < PARTICIPATION_MONTHS; month++)
		month_write(request, &course->months[month], prices->goal.stars, request->now_ms - (int64_t)(PARTICIPATION_MONTHS - 1 - month) * MS_A_MONTH);
	json_array_end(out);
	json_object_end(out);
}

void api_worth_stars(struct request *request)
{
	const struct config *config = engine_config(request->server->engine);
	const struct price_list *prices = price_list_of(config);
	const struct purpose *purpose = purpose_find(config, TEXT("analytics"));
	struct request inner = *request;
	struct course course = {0};
	struct arena arena;
	if (prices->n == 0)
		return reply_error(request, 404, "no_prices", "There is no price list yet: write a document of kind price-list, which says what an event brings and costs.");
	arena_init(&arena, ARENA_BYTES_MAX);
	inner.arena = &arena;
	int error = purpose ? course_take(&course, &inner, purpose) : 0;
	arena_free(&arena);
	if (error)
		return reply_failure(request, error);
	course_write(request, &course, prices, purpose);
}
