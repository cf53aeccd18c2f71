/* value_api.c: one customer's value: where it stands among all, and the lines that make it. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/ledger.h"
#include "serve/worth.h"

#include "base/clock.h"

#include <math.h>

enum { CONTACTS_SHOWN = 10 };

static void events_write(struct json_writer *out, const struct ledger_line *line)
{
	char id[24];
	json_key(out, TEXT("events"));
	json_array_begin(out);
	for (size_t i = 0; i < line->n && i < LEDGER_LINE_EVENTS; i++)
		json_write_text(out, record_format(id, 'e', line->positions[i]));
	json_array_end(out);
}

/* What the company earns and spends, line by line: n times price. */
static void gave_write(struct json_writer *out, const struct ledger *ledger)
{
	json_key(out, TEXT("lines"));
	json_array_begin(out);
	for (size_t i = 0; i < ledger->lines_n; i++) {
		const struct ledger_line *line = &ledger->lines[i];
		if (line->sum.income == 0 && line->sum.cost == 0)
			continue;
		json_object_begin(out);
		json_put_text(out, "event", line->event);
		json_put_text(out, "channel", text_of(channel_name(line->channel)));
		json_put_int(out, "n", line->n);
		json_put_double(out, "value", (double)line->value / 100);
		json_put_double(out, "income", worth_amount(line->sum.income));
		json_put_double(out, "cost", worth_amount(line->sum.cost));
		json_put_double(out, "minutes", (double)line->sum.minutes / 100);
		json_put_double(out, "profit", worth_amount(line->sum.income - line->sum.cost));
		events_write(out, line);
		json_object_end(out);
	}
	json_array_end(out);
}

/* What the customer got, and what it cost in time. */
static void got_write(struct json_writer *out, const struct ledger *ledger)
{
	json_key(out, TEXT("got"));
	json_array_begin(out);
	for (size_t i = 0; i < ledger->lines_n; i++) {
		const struct ledger_line *line = &ledger->lines[i];
		if (line->sum.given == 0 && line->sum.lost == 0)
			continue;
		json_object_begin(out);
		json_put_text(out, "event", line->event);
		json_put_text(out, "channel", text_of(channel_name(line->channel)));
		json_put_int(out, "n", line->n);
		json_put_double(out, "minutes_saved", line->price->saves * line->n);
		json_put_double(out, "minutes_wasted", line->price->wastes * line->n);
		json_put_double(out, "given", worth_amount(line->sum.given));
		json_put_double(out, "lost", worth_amount(line->sum.lost));
		json_put_double(out, "got", worth_amount(line->sum.given - line->sum.lost));
		events_write(out, line);
		json_object_end(out);
	}
	json_array_end(out);
	json_put_double(out, "got_total", worth_amount(ledger->sum.given - ledger->sum.lost));
}

/* The bounds of the rank are those of others too: not of so few. */
static void measure_write(struct request *request, const struct worth *worth, const struct worth_customer *own, enum worth_measure measure)
{
	struct json_writer *out = &request->out;
	static const char *const names[] = {"recency", "frequency", "money"};
	int64_t value = measure == MEASURE_RECENCY ? own->recency_days : measure == MEASURE_FREQUENCY ? own->frequency : own->money;
	const struct worth_cut *cut = &worth->cuts[measure][own->ranks[measure]];
	json_key(out, text_of(names[measure]));
	json_object_begin(out);
	json_put_double(out, "value", measure == MEASURE_MONEY ? worth_amount(value) : (double)value);
	json_put_int(out, "rank", own->ranks[measure]);
	bool shown = behind_may_show(request, cut->n);
	json_put_double(out, "from", !shown ? NAN : measure == MEASURE_MONEY ? worth_amount(cut->low) : (double)cut->low);
	json_put_double(out, "to", !shown ? NAN : measure == MEASURE_MONEY ? worth_amount(cut->high) : (double)cut->high);
	json_put_int(out, "customers", shown ? cut->n : 0);
	json_object_end(out);
}

static void rfm_write(struct request *request, const struct worth *worth, const struct worth_customer *own)
{
	struct json_writer *out = &request->out;
	json_key(out, TEXT("rfm"));
	if (own->frequency == 0) {
		json_write_null(out);
		return;
	}
	json_object_begin(out);
	for (unsigned measure = 0; measure < WORTH_MEASURES; measure++)
		measure_write(request, worth, own, (enum worth_measure)measure);
	json_put_text(out, "name", text_of(worth_names[own->name].name));
	json_put_text(out, "title", text_of(worth_names[own->name].title));
	json_object_end(out);
}

static void place_write(struct request *request, const struct worth_view *view, const struct worth_customer *own)
{
	const struct needs *needs = needs_of(view->config);
	struct json_writer *out = &request->out;
	json_put_int(out, "place", own->place);
	json_put_int(out, "of", (int64_t)view->worth.n);
	json_put_double(out, "ahead_of", view->worth.n > 1 ? (double)(view->worth.n - own->place) / (double)(view->worth.n - 1) : NAN);
	json_put_text(out, "worth", text_of(worth_tiers[own->tier].name));
	json_key(out, TEXT("need"));
	if (own->need == NEED_NONE) {
		json_write_null(out);
	} else {
		json_object_begin(out);
		json_put_text(out, "name", needs->items[own->need].name);
		json_put_text(out, "title", needs->items[own->need].title);
		json_put_int(out, "rests_on", own->need_events);
		json_object_end(out);
	}
	json_key(out, TEXT("give_and_get"));
	json_object_begin(out);
	json_put_text(out, "cell", text_of(worth_cells[own->cell].name));
	json_put_text(out, "title", text_of(worth_cells[own->cell].title));
	json_put_double(out, "gives_more_than", own->u / 1000.0);
	json_put_double(out, "gets_more_than", own->w / 1000.0);
	json_object_end(out);
}

static void value_write(struct request *request, const struct worth_view *view, const struct worth_customer *own, const struct ledger *ledger)
{
	struct json_writer *out = &request->out;
	json_put_double(out, "profit", worth_amount(ledger->sum.income - ledger->sum.cost));
	gave_write(out, ledger);
	got_write(out, ledger);
	ledger_write_stars(request, ledger, CONTACTS_SHOWN);
	if (own) {
		rfm_write(request, &view->worth, own);
		place_write(request, view, own);
	}
}

/* Nothing is said about who did not agree, but that nothing is. */
static void withheld_write(struct json_writer *out, bool may, const struct purpose *purpose)
{
	json_key(out, TEXT("withheld"));
	json_array_begin(out);
	if (!may) {
		json_object_begin(out);
		json_put_text(out, "what", TEXT("worth"));
		json_put_text(out, "reason", TEXT("no consent"));
		json_put_text(out, "purpose", purpose ? purpose->title : TEXT(""));
		json_object_end(out);
	}
	json_array_end(out);
}

void api_value(struct request *request)
{
	uint32_t origin = request_customer_path(request, request->parameters[0]), number = 0;
	struct ledger *ledger = arena_alloc(request->arena, sizeof *ledger);
	struct worth_view *view = origin ? worth_view_take(request) : NULL;
	struct json_writer *out = &request->out;
	struct history history;
	int64_t at_ms = 0;
	bool may = false;
	if (!view)
		return;
	/* The ranks may be a minute old; the lines are of this moment. */
	if (!request_time(request, "at", request->now_ms + 1, &at_ms))
		return worth_view_give(view);
	int error = ledger ? ledger_open(ledger, request, origin, view->purpose, &may, &number, &history) : ERROR_MEMORY;
	if (!error && may)
		error = ledger_read(ledger, request, &history, view->purpose->mask, at_ms);
	if (error) {
		worth_view_give(view);
		return reply_failure(request, error);
	}
	json_object_begin(out);
	json_put_time(out, "from", at_ms - (int64_t)WORTH_DAYS * MS_A_DAY);
	json_put_time(out, "at", at_ms);
	json_put_time(out, "ranked_at", view->worth.to_ms);
	json_put_text(out, "currency", price_list_of(view->config)->currency);
	withheld_write(out, may, view->purpose);
	if (may)
		value_write(request, view, worth_find(&view->worth, number), ledger);
	json_object_end(out);
	worth_view_give(view);
}
