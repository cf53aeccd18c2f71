/*
 * roadmap_api.c: what to do next, in its order, and whether the last moves did what was predicted.
 *
 * Moves come from what is broken and from limits that are not yet as they must or should be; what staff wrote of one (kind move)
 * adds the effort, the goal and the prediction.
 */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/broken.h"
#include "serve/layers.h"

#include "base/clock.h"
#include "base/unit.h"
#include "measure/roadmap.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOVES_MAX = 200, EVENTS_MAX = 50 * 1000 * 1000, BEFORE_DAYS = 90, SENTENCE_BYTES = 400 };
#define WEEKS_A_MONTH (DAYS_A_MONTH / 7)

struct move {
	struct move_order order;
	struct move_gain gain;
	const struct broken_spot *spot;       /* Of a break; NULL: a limit of @node. */
	const struct broken_signal *signal;
	const struct layer_node *node;
	enum layers_map map;
	int64_t customers_a_week;             /* Of a limit; -1: too few to show. */
	const struct move_rule *rule;         /* What staff wrote; NULL: nothing. */
};

struct planning {
	struct broken_look looking;
	struct move moves[MOVES_MAX];
	size_t n;
	double most;                          /* Customers on the road that most take. */
};

/* What staff wrote of mending @signal of @spot, or of lifting @node, and is not done. */
static const struct move_rule *rule_of(const struct move_rules *rules, const struct move *move)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct move_rule *rule = &rules->items[i];
		bool mends = move->spot && text_equal(rule->spot, move->spot->road->rule->name) &&
		             text_equal(rule->signal, text_of(broken_signal_name(move->signal->kind)));
		bool lifts = move->node && rule->node.n && text_equal(rule->node, move->node->id);
		if (!rule->is_done && (mends || lifts))
			return rule;
	}
	return NULL;
}

static void move_add(struct planning *planning, struct move move)
{
	if (planning->n == MOVES_MAX)
		return;
	move.rule = rule_of(move_rules(planning->looking.config), &move);
	move.order = (struct move_order){.must = (move.node && move.map == MAP_MUST_BE) || (move.rule && move.rule->must), .low = move.gain.low,
	                                 .effort_weeks = move.rule ? move.rule->effort_weeks : NAN};
	planning->moves[planning->n++] = move;
}

static void breaks_add(struct planning *planning)
{
	for (size_t i = 0; i < planning->looking.question.roads_n; i++) {
		const struct broken_spot *spot = &planning->looking.spots[i];
		planning->most = fmax(planning->most, spot->customers);
		if (spot->score < BROKEN_LEAST || !behind_may_show(planning->looking.request, spot->customers))
			continue;
		for (unsigned j = 0; j < BROKEN_SIGNALS; j++) {
			const struct broken_signal *signal = &spot->signals[j];
			bool implied = signal->kind == BROKEN_FAILED && spot->signals[0].kind == BROKEN_FORCED; /* The same moments; mending one mends both. */
			if (signal->excess > 0 && !implied && behind_may_show(planning->looking.request, signal->share.k))
				move_add(planning, (struct move){.spot = spot, .signal = signal, .gain = roadmap_gain(signal, (double)planning->looking.days)});
		}
	}
}

/* Customers a week who meet a promise that is out of reach now, would not be in @map, and rests on @node; 0: none. */
static int64_t promised_customers(const struct layers_picture *picture, const struct limits *is, const struct limits *then, uint32_t node,
                                  enum layers_map map, bool *reached)
{
	const struct layers *layers = picture->view.layers;
	int64_t most = 0;
	layers_reached(layers, node, reached);
	for (size_t i = 0; i < layers->n; i++)
		for (size_t j = 0; reached[i] && !layers->nodes[i].removed[map] && j < layers->nodes[i].promises_n; j++) {
			const struct promise_rule *promise = &layers->promises->items[layers->nodes[i].promises[j]];
			if (promise_is_at_risk(promise, &is[i]) && !promise_is_at_risk(promise, &then[i]) && picture->seen[i].customers > most)
				most = picture->seen[i].customers;
		}
	return most;
}

static bool differs(int64_t a, int64_t b)
{
	return a != b && b >= 0;
}

static bool differs_number(double a, double b)
{
	return !isnan(b) && !(a == b);
}

static bool is_lifted(const struct layer_node *node, enum layers_map map)
{
	const struct limits *is = &node->own[MAP_IS], *then = &node->own[map];
	return !node->removed[MAP_IS] && !node->removed[map] &&
	       (differs(is->takes_ms, then->takes_ms) || differs(is->closed_ms, then->closed_ms) || differs(is->freshness_ms, then->freshness_ms) ||
	        differs_number(is->availability, then->availability) || differs_number(is->capacity, then->capacity));
}

static int limits_add(struct planning *planning, struct layers_picture *picture)
{
	const struct layers *layers = picture->view.layers;
	struct arena *arena = planning->looking.request->arena;
	struct limits *is = arena_alloc(arena, (layers->n + 1) * sizeof *is), *then = arena_alloc(arena, (layers->n + 1) * sizeof *then);
	bool *reached = arena_alloc(arena, layers->n + 1);
	if (!is || !then || !reached)
		return ERROR_MEMORY;
	layers_sum(layers, MAP_IS, NULL, is);
	for (int map = MAP_MUST_BE; map <= MAP_SHOULD_BE; map++) {
		layers_sum(layers, (enum layers_map)map, NULL, then);
		for (uint32_t i = 0; i < layers->n; i++) {
			if (!is_lifted(&layers->nodes[i], (enum layers_map)map) || (map == MAP_SHOULD_BE && is_lifted(&layers->nodes[i], MAP_MUST_BE)))
				continue;
			int64_t promised = promised_customers(picture, is, then, i, (enum layers_map)map, reached);
			int64_t customers = promised ? promised : picture->seen[i].customers;
			move_add(planning, (struct move){.node = &layers->nodes[i], .map = (enum layers_map)map, .customers_a_week = customers,
			                                 .gain = {.people = promised > 0 ? (double)promised * WEEKS_A_MONTH * ROADMAP_RECOVER : 0}});
		}
	}
	return 0;
}

static int compare_moves(const void *a, const void *b)
{
	const struct move *left = a, *right = b;
	int order = roadmap_compare(&left->order, &right->order);
	return order ? order : (left->gain.people < right->gain.people) - (left->gain.people > right->gain.people);
}

/* ---- writing ---- */

static void limit_say(struct buffer *out, const char *what, int64_t is, int64_t then)
{
	if (!differs(is, then))
		return;
	buffer_string(out, out->n ? ", " : "");
	buffer_string(out, what);
	buffer_string(out, " from ");
	duration_say(out, is > 0 ? is : 0);
	buffer_string(out, " to ");
	duration_say(out, then);
}

/* "Card system: being there from 99.50 % to 99.90 % of the time" */
static void node_say(struct buffer *out, const struct move *move)
{
	const struct limits *is = &move->node->own[MAP_IS], *then = &move->node->own[move->map];
	char room[200];
	struct buffer limits = {.p = room, .capacity = sizeof room, .bytes_max = sizeof room};
	limit_say(&limits, "time", is->takes_ms, then->takes_ms);
	limit_say(&limits, "standing still", is->closed_ms, then->closed_ms);
	limit_say(&limits, "age of what it says", is->freshness_ms, then->freshness_ms);
	if (differs_number(is->availability, then->availability))
		buffer_format(&limits, "%sbeing there from %.2f %% to %.2f %% of the time", limits.n ? ", " : "", is->availability * 100, then->availability * 100);
	buffer_format(out, "%.*s: %.*s", TEXT_ARGS(text_first(move->node->title, 80)), TEXT_ARGS(buffer_view(&limits)));
}

static void title_say(struct buffer *out, const struct move *move)
{
	if (move->rule)
		buffer_text(out, text_first(move->rule->title, 160));
	else if (move->spot)
		buffer_format(out, "%.*s: fewer who %s", TEXT_ARGS(text_first(move->spot->road->rule->title, 80)), broken_signal_words(move->signal->kind));
	else
		node_say(out, move);
}

static void effort_put(struct json_writer *out, double weeks)
{
	json_key(out, TEXT("effort_weeks"));
	if (isnan(weeks))
		json_write_null(out);
	else
		json_write_double(out, weeks);
}

static void break_write(const struct planning *planning, const struct move *move)
{
	struct json_writer *out = &planning->looking.request->out;
	char name[160];
	snprintf(name, sizeof name, "%.*s.%s", TEXT_ARGS(text_first(move->spot->road->rule->name, 100)), broken_signal_name(move->signal->kind));
	json_put_text(out, "mends", text_of(name));
	json_put_text(out, "spot", move->spot->road->rule->name);
	json_put_text(out, "signal", text_of(broken_signal_name(move->signal->kind)));
	/* How many take this road beside the one that most take, and how many of them get on well. */
	json_put_double(out, "opportunity", roadmap_opportunity(10.0 * move->spot->customers / planning->most, 10 * (1 - move->signal->share.value)));
	json_put_double(out, "share", move->signal->share.value);
	json_put_double(out, "baseline", move->signal->baseline);
	json_put_double(out, "cost_a_month", move->signal->cost / 100 / (double)planning->looking.days * DAYS_A_MONTH);
}

static void move_write(const struct planning *planning, const struct move *move)
{
	struct json_writer *out = &planning->looking.request->out;
	char room[SENTENCE_BYTES];
	struct buffer title = {.p = room, .capacity = sizeof room, .bytes_max = sizeof room};
	title_say(&title, move);
	json_object_begin(out);
	json_put_text(out, "move", move->rule ? move->rule->name : TEXT(""));
	json_put_text(out, "title", buffer_view(&title));
	json_put_text(out, "because", text_of(move->spot ? "broken" : move->map == MAP_MUST_BE ? "must be" : "should be"));
	json_put_bool(out, "must", move->order.must);
	json_put_text(out, "goal", (move->rule ? move->rule->inward : move->node && move->node->inward) ? TEXT("inward") : TEXT("outward"));
	json_put_double(out, "people_a_month", move->gain.people);
	json_put_double(out, "low", move->gain.low);
	effort_put(out, move->order.effort_weeks);
	if (move->spot)
		break_write(planning, move);
	else
		json_put_text(out, "lifts", move->node->id);
	json_key(out, TEXT("predicted"));
	if (move->rule && !isnan(move->rule->to))
		json_write_double(out, move->rule->to);
	else
		json_write_null(out);
	json_object_end(out);
}

static void share_write(struct json_writer *out, const char *key, const struct share *share)
{
	json_key(out, text_of(key));
	json_object_begin(out);
	share_put(out, *share);
	json_put_int(out, "of", (int64_t)share->n);
	json_object_end(out);
}

/* The signal's share among roads that began in [@from_ms, @to_ms). */
static bool share_between(struct planning *planning, const struct move_rule *rule, const struct customer_rows *rows, int64_t from_ms, int64_t to_ms,
                          struct share *share)
{
	struct broken_look *looking = &planning->looking;
	struct broken_question question = looking->question;
	struct broken_spot spot;
	size_t road = 0;
	while (road < question.roads_n && !text_equal(question.roads[road].rule->name, rule->spot))
		road++;
	if (road == question.roads_n)
		return false;
	question.roads += road;
	question.roads_n = 1;
	question.from_ms = from_ms;
	question.to_ms = to_ms;
	if (broken_find(&spot, rows, &question) != 0)
		return false;
	for (unsigned kind = 0; kind < BROKEN_SIGNALS; kind++)
		if (text_equal(rule->signal, text_of(broken_signal_name((enum broken_signal_kind)kind)))) {
			*share = spot.signals[kind].share;
			return true;
		}
	return false;
}

static bool done_write(struct planning *planning, const struct move_rule *rule, const struct customer_rows *rows, enum move_verdict *verdict)
{
	struct request *request = planning->looking.request;
	struct json_writer *out = &request->out;
	struct share before, after;
	if (!rule->is_done || !share_between(planning, rule, rows, rule->done_ms - (int64_t)BEFORE_DAYS * MS_A_DAY, rule->done_ms, &before) ||
	    !share_between(planning, rule, rows, rule->done_ms, request->now_ms, &after))
		return false;
	bool shown = behind_may_show(request, before.n) && behind_may_show(request, after.n);
	*verdict = shown ? roadmap_verdict(&after, rule->to) : MOVE_TOO_EARLY;
	json_object_begin(out);
	json_put_text(out, "move", rule->name);
	json_put_text(out, "title", rule->title);
	json_put_text(out, "spot", rule->spot);
	json_put_time(out, "done", rule->done_ms);
	json_put_text(out, "goal", rule->inward ? TEXT("inward") : TEXT("outward"));
	effort_put(out, rule->effort_weeks);
	json_put_double(out, "predicted_from", rule->from);
	json_put_double(out, "predicted_to", rule->to);
	if (shown) {
		share_write(out, "before", &before);
		share_write(out, "after", &after);
	}
	json_put_text(out, "verdict", text_of(move_verdict_name(*verdict)));
	json_object_end(out);
	return true;
}

static void dones_write(struct planning *planning, unsigned counts[3])
{
	const struct move_rules *rules = move_rules(planning->looking.config);
	struct json_writer *out = &planning->looking.request->out;
	struct customer_rows rows = {0};
	const int64_t now_ms = planning->looking.request->now_ms;
	int64_t from_ms = now_ms;
	int error = 0;
	for (size_t i = 0; i < rules->n; i++)
		if (rules->items[i].is_done && rules->items[i].done_ms - (int64_t)BEFORE_DAYS * MS_A_DAY < from_ms)
			from_ms = rules->items[i].done_ms - (int64_t)BEFORE_DAYS * MS_A_DAY;
	if (from_ms < now_ms)
		error = customer_rows_take(&rows, planning->looking.request->server->engine, from_ms, now_ms + 1, EVENTS_MAX);
	json_key(out, TEXT("done"));
	json_array_begin(out);
	for (size_t i = 0; !error && rows.n && i < rules->n; i++) {
		enum move_verdict verdict;
		if (done_write(planning, &rules->items[i], &rows, &verdict))
			counts[verdict]++;
	}
	json_array_end(out);
	customer_rows_free(&rows);
}

static void sentence_write(struct planning *planning, const unsigned counts[3])
{
	char room[SENTENCE_BYTES];
	struct buffer words = {.p = room, .capacity = sizeof room, .bytes_max = sizeof room};
	if (planning->n == 0) {
		buffer_string(&words, "Nothing has to be mended or lifted, as far as is measured.");
	} else {
		buffer_string(&words, "Next: ");
		title_say(&words, &planning->moves[0]);
		buffer_char(&words, '.');
	}
	if (counts[MOVE_HIT] + counts[MOVE_MISSED])
		buffer_format(&words, " Of the last moves %u did what was predicted, %u did not.", counts[MOVE_HIT], counts[MOVE_MISSED]);
	json_put_text(&planning->looking.request->out, "sentence", buffer_view(&words));
}

void api_roadmap(struct request *request)
{
	struct planning *planning = arena_zero_alloc(request->arena, 1, sizeof *planning);
	struct layers_picture picture;
	unsigned counts[3] = {0};
	if (!planning)
		return reply_failure(request, ERROR_MEMORY);
	if (!broken_look_begin(request, &planning->looking) || !broken_look_find(&planning->looking))
		return;
	broken_rank(planning->looking.spots, planning->looking.question.roads_n);
	breaks_add(planning);
	if (layers_of(planning->looking.config)->n) {
		if (!layers_picture_take(request, &picture))
			return;
		int error = limits_add(planning, &picture);
		if (error)
			return reply_failure(request, error);
	}
	qsort(planning->moves, planning->n, sizeof *planning->moves, compare_moves);
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("moves"));
	json_array_begin(&request->out);
	for (size_t i = 0; i < planning->n; i++)
		move_write(planning, &planning->moves[i]);
	json_array_end(&request->out);
	dones_write(planning, counts);
	sentence_write(planning, counts);
	json_put_int(&request->out, "days", planning->looking.days);
	json_put_text(&request->out, "currency", planning->looking.question.prices->currency);
	json_object_end(&request->out);
}
