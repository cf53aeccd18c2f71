/* roadmap.c: moves, their worth, their order, and what became of predictions. */
#include "measure/roadmap.h"

#include "base/clock.h"
#include "base/unit.h"

#include <math.h>

#define Z_80 0.8416212335729143 /* One-sided 80 %. */

/* ---- configuration ---- */

static const struct config_key predicted_keys[] = {{.name = "from", .type = CONFIG_NUMBER}, {.name = "to", .type = CONFIG_NUMBER, .required = true}, {.name = NULL}};
static const struct config_key move_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true}, {.name = "mends", .type = CONFIG_TEXT}, {.name = "lifts", .type = CONFIG_TEXT},
	{.name = "effort", .type = CONFIG_TEXT}, {.name = "goal", .type = CONFIG_TEXT, .choices = "outward inward"}, {.name = "must", .type = CONFIG_YES_NO},
	{.name = "owner", .type = CONFIG_TEXT}, {.name = "says", .type = CONFIG_TEXT}, {.name = "done", .type = CONFIG_TEXT},
	{.name = "predicted", .type = CONFIG_MAP, .keys = predicted_keys}, {.name = NULL}};

static struct text member(const struct config_document *document, const char *key)
{
	return value_text(value_get(document->body, text_of(key)));
}

static double number_or_nan(struct value map, const char *key)
{
	double number;
	return value_double(value_get(map, text_of(key)), &number) ? number : NAN;
}

static int rule_read(struct config_build *build, const struct config *config, const struct config_document *document, void *item)
{
	struct move_rule *rule = item;
	struct text mends = member(document, "mends"), effort = member(document, "effort"), done = member(document, "done");
	struct value predicted = value_get(document->body, TEXT("predicted"));
	int64_t effort_ms = 0;
	(void)config;
	*rule = (struct move_rule){
		.name = document->name, .title = member(document, "title"), .node = member(document, "lifts"), .owner = member(document, "owner"),
		.says = member(document, "says"), .effort_weeks = NAN, .inward = text_equal(member(document, "goal"), TEXT("inward")),
		.must = value_is_true(value_get(document->body, TEXT("must"))), .is_done = done.n > 0, .from = number_or_nan(predicted, "from"),
		.to = number_or_nan(predicted, "to")};
	if (!mends.n && !rule->node.n)
		return config_problem(build, document, NULL, "A move mends a signal (mends: card.forced) or lifts a node (lifts: card-system).");
	if (mends.n && (!text_next(&mends, '.', &rule->spot) || !mends.n))
		return config_problem(build, document, "mends", "mends is a journey and a signal: card.forced.");
	rule->signal = mends;
	if (effort.n && (duration_parse(effort, &effort_ms) != 0 || effort_ms == 0))
		return config_problem(build, document, "effort", "effort is a time of one person such as 3w or 4d.");
	if (effort.n)
		rule->effort_weeks = (double)effort_ms / (7.0 * MS_A_DAY);
	if (done.n && clock_parse(done, &rule->done_ms) != 0)
		return config_problem(build, document, "done", "done is a day such as 2026-05-03.");
	if (rule->from < 0 || rule->from > 1 || rule->to < 0 || rule->to > 1)
		return config_problem(build, document, "predicted", "Predicted shares lie between 0 and 1.");
	return 0;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct move_rules *rules = arena_zero_alloc(config->arena, 1, sizeof *rules);
	void *items;
	if (!rules)
		return ERROR_MEMORY;
	int error = config_read_all(build, config, TEXT("move"), sizeof(struct move_rule), rule_read, &items, &rules->n);
	if (error == ERROR_MEMORY)
		return error;
	rules->items = items;
	*section = rules;
	return error;
}

const struct config_kind move_kind = {.name = "move", .keys = move_keys, .section = CONFIG_MOVES, .compile = compile};

const struct move_rules *move_rules(const struct config *config)
{
	static const struct move_rules none;
	const struct move_rules *rules = config ? config->sections[CONFIG_MOVES] : NULL;
	return rules ? rules : &none;
}

/* ---- worth, verdict, order ---- */

/* The lower bound of Wilson's interval, one-sided 80 %. */
static double low_80(const struct share *share)
{
	double n = (double)share->n, square = Z_80 * Z_80;
	double middle = (share->value + square / (2 * n)) / (1 + square / n);
	double half = Z_80 / (1 + square / n) * sqrt(share->value * (1 - share->value) / n + square / (4 * n * n));
	return share->k == 0 ? 0 : fmax(0, middle - half);
}

static double above(double share, double baseline)
{
	return share > baseline ? share - baseline : 0;
}

struct move_gain roadmap_gain(const struct broken_signal *signal, double days)
{
	double a_month = (double)signal->share.n / days * DAYS_A_MONTH * ROADMAP_RECOVER;
	if (signal->share.n == 0)
		return (struct move_gain){0};
	return (struct move_gain){a_month * above(signal->share.value, signal->baseline), a_month * above(low_80(&signal->share), signal->baseline)};
}

double roadmap_opportunity(double importance, double satisfaction)
{
	return importance + fmax(importance - satisfaction, 0);
}

enum move_verdict roadmap_verdict(const struct share *after, double predicted_to)
{
	if (after->n < ROADMAP_AFTER_MIN || isnan(predicted_to))
		return MOVE_TOO_EARLY;
	return after->low <= predicted_to ? MOVE_HIT : MOVE_MISSED;
}

const char *move_verdict_name(enum move_verdict verdict)
{
	static const char *const names[] = {"too_early", "hit", "missed"};
	return names[verdict];
}

int roadmap_compare(const struct move_order *left, const struct move_order *right)
{
	bool left_known = !isnan(left->effort_weeks), right_known = !isnan(right->effort_weeks);
	if (left->must != right->must)
		return left->must ? -1 : 1;
	if (left_known != right_known)
		return left_known ? -1 : 1;
	double a = left_known ? left->low / left->effort_weeks : left->low, b = right_known ? right->low / right->effort_weeks : right->low;
	return (a < b) - (a > b);
}
