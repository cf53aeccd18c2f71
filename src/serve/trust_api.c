/*
 * trust_api.c: GET /v1/trust: what customers are asked to agree to and how many do, by purpose and by month; open requests;
 * how long what is kept; who answers for it.
 *
 * Counted are the answers that stand: the last of each customer to each purpose, in the month it was given. Figures of fewer
 * than aggregate_min customers are withheld.
 */
#include "serve/api.h"
#include "serve/controller.h"
#include "serve/rights.h"

#include "base/clock.h"
#include "base/unit.h"
#include "measure/share.h"
#include "trust/audit.h"
#include "trust/consent.h"
#include "trust/reader.h"
#include "trust/retention.h"
#include "trust/trait_use.h"

#include <inttypes.h>
#include <stdio.h>

enum { MONTHS = 12, PURPOSES_MAX = 64 };

struct counts {
	uint64_t yes, no;
	uint64_t outdated;               /* Of those who said yes: to words that were changed since. */
};

struct trust_view {
	struct request *request;
	const struct purposes *purposes;
	uint64_t customers, answered;    /* All; those who answered at all. */
	struct counts of_purpose[PURPOSES_MAX];
	int64_t month_ms[MONTHS + 1];    /* Where each begins, the oldest first; the last is after now. */
	struct counts of_month[MONTHS];
	uint64_t month_customers[MONTHS];
};

static void months_find(struct trust_view *view)
{
	struct clock_parts now = clock_parts_of(view->request->now_ms);
	char text[CLOCK_TEXT_BYTES];
	for (int i = 0; i <= MONTHS; i++) {
		int month = now.year * 12 + now.month - 1 - (MONTHS - 1) + i;
		int n = snprintf(text, sizeof text, "%04d-%02d-01", month / 12, month % 12 + 1);
		if (clock_parse((struct text){text, (size_t)n}, &view->month_ms[i]) != 0)
			view->month_ms[i] = INT64_MAX;
	}
}

static void answer_count(struct trust_view *view, size_t purpose, const struct consent_state *last, bool seen[MONTHS])
{
	struct counts *counts = &view->of_purpose[purpose];
	counts->yes += last->yes;
	counts->no += !last->said_yes;
	counts->outdated += last->said_yes && !last->yes;
	for (int i = 0; i < MONTHS; i++) {
		if (last->time_ms < view->month_ms[i] || last->time_ms >= view->month_ms[i + 1])
			continue;
		view->of_month[i].yes += last->said_yes;
		view->of_month[i].no += !last->said_yes;
		view->month_customers[i] += !seen[i];
		seen[i] = true;
	}
}

static bool customer_take(void *arg, struct customer *customer)
{
	struct trust_view *view = arg;
	struct engine *engine = view->request->server->engine;
	struct consent_state last;
	bool seen[MONTHS] = {false}, any = false;
	if (customer_refresh(engine, customer) != 0 || customer->origin_first == 0)
		return true;
	view->customers++;
	struct text state = reader_service(engine, customer, &consent_fold);
	for (size_t i = 0; state.n && i < view->purposes->n; i++)
		if (consent_last(state, &view->purposes->items[i], view->request->now_ms, &last)) {
			answer_count(view, i, &last, seen);
			any = true;
		}
	view->answered += any;
	return true;
}

/* ---- the answer ---- */

static bool may_show(const struct trust_view *view, uint64_t n)
{
	return (int64_t)n >= view->request->server->settings.aggregate_min;
}

static void share_write(struct json_writer *out, const char *key, struct share share, bool shown)
{
	json_key(out, text_of(key));
	if (!shown)
		return json_write_null(out);
	json_object_begin(out);
	share_put(out, share);
	json_put_int(out, "n", (int64_t)share.n);
	json_object_end(out);
}

/* What is read for @purpose and for nothing that it was not agreed to: states that were learned, and traits. */
static void reads_write(struct trust_view *view, const struct purpose *purpose)
{
	struct json_writer *out = &view->request->out;
	const struct config *config = engine_config(view->request->server->engine);
	const struct fold_table *folds = engine_folds(view->request->server->engine);
	const struct trait_uses *uses = trait_uses_of(config);
	json_key(out, TEXT("learned"));
	json_array_begin(out);
	for (size_t i = 0; i < folds->n; i++)
		if (folds->folds[i]->purposes && (folds->folds[i]->purposes(config) & purpose->mask))
			json_write_text(out, text_of(folds->folds[i]->name));
	json_array_end(out);
	json_key(out, TEXT("traits"));
	json_array_begin(out);
	for (size_t i = 0; i < uses->n; i++)
		if (trait_use_has(&uses->items[i], purpose->mask))
			json_write_text(out, uses->items[i].name);
	json_array_end(out);
}

static void purpose_write(struct trust_view *view, size_t i)
{
	struct json_writer *out = &view->request->out;
	const struct purpose *purpose = &view->purposes->items[i];
	const struct counts *counts = &view->of_purpose[i];
	const struct config_document *document = config_find(engine_config(view->request->server->engine), TEXT("purpose"), purpose->name);
	uint64_t n = counts->yes + counts->no + counts->outdated;
	json_object_begin(out);
	json_put_text(out, "purpose", purpose->name);
	json_put_bool(out, "choice", purpose_is_choice(purpose));
	json_put_text(out, "title", purpose->title);
	json_put_text(out, "text", purpose->text);
	json_put_text(out, "version", purpose->version);
	json_put_text(out, "retention", document ? value_text(value_get(document->body, TEXT("retention"))) : (struct text){0});
	reads_write(view, purpose);
	share_write(out, "yes", share_of(counts->yes, n), may_show(view, n));
	share_write(out, "no", share_of(counts->no, n), may_show(view, n));
	share_write(out, "outdated", share_of(counts->outdated, n), may_show(view, n));
	share_write(out, "asked", share_of(n, view->customers), may_show(view, view->customers) && may_show(view, n));
	json_object_end(out);
}

static void months_write(struct trust_view *view)
{
	struct json_writer *out = &view->request->out;
	json_key(out, TEXT("months"));
	json_array_begin(out);
	for (int i = 0; i < MONTHS; i++) {
		uint64_t n = view->of_month[i].yes + view->of_month[i].no;
		json_object_begin(out);
		json_put_time(out, "from", view->month_ms[i]);
		json_put_time(out, "to", view->month_ms[i + 1]);
		share_write(out, "yes", share_of(view->of_month[i].yes, n), may_show(view, view->month_customers[i]));
		json_object_end(out);
	}
	json_array_end(out);
}

static void kept_file_write(struct json_writer *out, struct text what, struct text kept)
{
	json_object_begin(out);
	json_put_text(out, "what", what);
	json_put_text(out, "kept", kept);
	json_object_end(out);
}

/* "400 days, by the Accounting Act" */
/* "90 days, for “Count what is used”" */
static void rule_write(struct json_writer *out, const struct config *config, const struct retention_rule *rule)
{
	struct buffer words = BUFFER_INIT(8192);
	duration_say(&words, rule->keep_ms);
	for (uint64_t left = rule->ends; left; left &= left - 1)
		buffer_format(&words, "%s“%.*s”", left == rule->ends ? ", for " : " and ", TEXT_ARGS(purpose_of_mask(config, left & -left)->title));
	if (rule->law.n) {
		buffer_string(&words, ", by ");
		buffer_text(&words, rule->law);
	}
	kept_file_write(out, rule->title, buffer_view(&words));
	buffer_free(&words);
}

/* What is kept how long: by the rules, and what none is about. */
static void retention_write(struct json_writer *out, const struct config *config)
{
	const struct retention *retention = retention_of(config);
	const struct {
		const char *what, *kept;
	} lines[] = {{retention->n ? "Everything else that happened, was stated, agreed to and decided" : "What happened, was stated, agreed to and decided", "until the customer is erased"},
	             {"What was guessed from it", "as long as what it rests on, and read only while the customer agrees"},
	             {"Events that were refused", "the newest 64 MiB"},
	             {"The audit log, which names no customer", "without end"}};
	json_key(out, TEXT("retention"));
	json_array_begin(out);
	for (size_t i = 0; i < retention->n; i++)
		rule_write(out, config, &retention->rules[i]);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		kept_file_write(out, text_of(lines[i].what), text_of(lines[i].kept));
	size_t at = 0;
	if (retention->n && config_next(config, TEXT("purchase"), &at))
		kept_file_write(out, TEXT("Which products were bought: how many, and on which last days"), TEXT("until the customer is erased"));
	json_array_end(out);
}

/* The purpose that most customers answered; NULL when of none enough did. */
static const struct purpose *asked_most(const struct trust_view *view, struct share *share)
{
	const struct purpose *most = NULL;
	*share = (struct share){0};
	for (size_t i = 0; i < view->purposes->n; i++) {
		const struct counts *counts = &view->of_purpose[i];
		uint64_t n = counts->yes + counts->no + counts->outdated;
		if (!may_show(view, n) || n <= share->n)
			continue;
		*share = share_of(counts->yes, n);
		most = &view->purposes->items[i];
	}
	return most;
}

static void sentence_write(struct trust_view *view, const struct rights_list *list, size_t overdue)
{
	char day[CLOCK_TEXT_BYTES], text[400];
	struct share share;
	const struct purpose *most = asked_most(view, &share);
	size_t n, open = list->n + list->left_out;
	if (overdue)
		n = (size_t)snprintf(text, sizeof text, "%zu of %zu open requests %s overdue: answer %s first", overdue, open, overdue == 1 ? "is" : "are", overdue == 1 ? "it" : "them");
	else if (open)
		n = (size_t)snprintf(text, sizeof text, "%zu %s open, and the first answer is due on %.10s", open, open == 1 ? "request is" : "requests are",
		                     clock_format(day, list->items[0].request.due_ms).p);
	else
		n = (size_t)snprintf(text, sizeof text, "No request is open");
	if (most)
		snprintf(text + n, sizeof text - n, "; %.0f %% of those who were asked say yes to “%.*s”.", 100 * share.value, TEXT_ARGS(text_cut(most->title, 100)));
	else
		snprintf(text + n, sizeof text - n, "; %s.", view->purposes->n ? "too few have answered to say how many agree" : "no purpose is configured, so nothing is asked");
	json_put_text(&view->request->out, "sentence", text_of(text));
}

static void view_write(struct trust_view *view, const struct rights_list *list)
{
	struct json_writer *out = &view->request->out;
	size_t overdue = 0;
	for (size_t i = 0; i < list->n; i++)
		overdue += rights_is_overdue(&list->items[i].request, view->request->now_ms);
	json_object_begin(out);
	sentence_write(view, list, overdue);
	json_key(out, TEXT("customers"));
	if (may_show(view, view->customers))
		json_write_int(out, (int64_t)view->customers);
	else
		json_write_null(out);
	share_write(out, "answered", share_of(view->answered, view->customers), may_show(view, view->answered));
	json_put_int(out, "aggregate_min", view->request->server->settings.aggregate_min);
	json_key(out, TEXT("requests"));
	json_object_begin(out);
	json_put_int(out, "open", (int64_t)(list->n + list->left_out));
	json_put_int(out, "overdue", (int64_t)overdue);
	json_object_end(out);
	json_key(out, TEXT("purposes"));
	json_array_begin(out);
	for (size_t i = 0; i < view->purposes->n; i++)
		purpose_write(view, i);
	json_array_end(out);
	months_write(view);
	retention_write(out, engine_config(view->request->server->engine));
	controller_put(out, controller_of(engine_config(view->request->server->engine)));
	json_put_text(out, "access_reason", text_of(view->request->server->settings.access_reason));
	json_put_int(out, "audit_lost", (int64_t)audit_lost(view->request->server->audit));
	json_object_end(out);
}

void api_trust(struct request *request)
{
	struct engine *engine = request->server->engine;
	struct trust_view *view = arena_zero_alloc(request->arena, 1, sizeof *view);
	struct rights_list list;
	uint32_t at = 0;
	if (!view)
		return reply_failure(request, ERROR_MEMORY);
	view->request = request;
	view->purposes = purposes_of(engine_config(engine));
	months_find(view);
	int error = rights_list_read(request, false, RIGHTS_OPEN, &list);
	if (error)
		return reply_failure(request, error);
	engine_each_customer(engine, &at, SIZE_MAX, customer_take, view);
	view_write(view, &list);
	rights_list_free(&list);
}
