/* standing_api.c: where the company stands, as answers. */
#include "serve/api.h"
#include "serve/standing.h"

#include "differentiate/price.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static bool is_shown(const struct request *request, const struct share *share)
{
	return share->n > 0 && behind_may_show(request, share->n);
}

/* ---- the score ---- */

static double points_of(const struct request *request, const struct standing *standing, unsigned *measured)
{
	double points = 0;
	*measured = 0;
	for (unsigned i = 0; i < SCORE_ITEMS; i++)
		if (is_shown(request, &standing->items[i])) {
			points += score_point((enum score_item)i, &standing->items[i]);
			++*measured;
		}
	return points;
}

static void item_members(struct request *request, const struct standing *standing, enum score_item item)
{
	struct json_writer *out = &request->out;
	const struct share *share = &standing->items[item];
	char why[300];
	json_put_int(out, "number", (int64_t)item + 1);
	json_put_text(out, "title", text_of(score_items[item].title));
	json_put_bool(out, "measured", is_shown(request, share));
	json_put_double(out, "aim", score_items[item].aim);
	if (!is_shown(request, share)) {
		json_put_null(out, "points");
		snprintf(why, sizeof why, share->n ? "Too few customers to show. %s" : "%s", score_items[item].missing);
	} else {
		json_put_double(out, "points", score_point(item, share));
		share_put(out, *share);
		json_put_int(out, "of", (int64_t)share->n);
		snprintf(why, sizeof why, "%.0f %% (%.0f to %.0f) of %" PRIu64 ": %s; aimed at %.0f %%.", share->value * 100, share->low * 100, share->high * 100, share->n,
		         score_items[item].says, score_items[item].aim * 100);
	}
	json_put_text(out, "why", text_of(why));
}

static void score_write(struct request *request, const struct standing *standing)
{
	struct json_writer *out = &request->out;
	unsigned measured;
	double points = points_of(request, standing, &measured);
	json_key(out, TEXT("score"));
	json_object_begin(out);
	json_key(out, TEXT("points"));
	if (measured)
		json_write_double(out, round(points * 10) / 10);
	else
		json_write_null(out);
	json_put_int(out, "not_measured", SCORE_ITEMS - measured);
	json_key(out, TEXT("items"));
	json_array_begin(out);
	for (unsigned i = 0; i < SCORE_ITEMS; i++) {
		json_object_begin(out);
		item_members(request, standing, (enum score_item)i);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

/* ---- the quadrant ---- */

static void number_put(struct json_writer *out, const char *key, double number)
{
	json_key(out, text_of(key));
	if (isnan(number))
		json_write_null(out);
	else
		json_write_double(out, number);
}

static void parts_write(struct request *request, const char *key, const struct axis_part_of *of, const struct share *parts, size_t n)
{
	struct json_writer *out = &request->out;
	json_key(out, text_of(key));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(out);
		json_put_text(out, "title", text_of(of[i].title));
		json_put_bool(out, "measured", is_shown(request, &parts[i]));
		if (is_shown(request, &parts[i])) {
			share_put(out, parts[i]);
			json_put_int(out, "of", (int64_t)parts[i].n);
		}
		json_put_text(out, "move", text_of(of[i].move));
		json_object_end(out);
	}
	json_array_end(out);
}

/* What would move the dot most: the three lowest parts. */
static void next_write(struct json_writer *out, const struct standing *standing)
{
	bool taken[INTERACT_PARTS + CUSTOMIZE_PARTS] = {false};
	json_key(out, TEXT("next"));
	json_array_begin(out);
	for (int moves = 0; moves < 3; moves++) {
		int lowest = -1;
		double least = 2;
		for (int i = 0; i < INTERACT_PARTS + CUSTOMIZE_PARTS; i++) {
			const struct share *share = i < INTERACT_PARTS ? &standing->interact[i] : &standing->customize[i - INTERACT_PARTS];
			if (share->n && !taken[i] && share->value < least) {
				least = share->value;
				lowest = i;
			}
		}
		if (lowest < 0)
			break;
		const struct axis_part_of *part = lowest < INTERACT_PARTS ? &interact_parts[lowest] : &customize_parts[lowest - INTERACT_PARTS];
		taken[lowest] = true;
		json_object_begin(out);
		json_put_text(out, "part", text_of(part->title));
		json_put_double(out, "share", least);
		json_put_text(out, "move", text_of(part->move));
		json_object_end(out);
	}
	json_array_end(out);
}

static double ratio(struct counted counted)
{
	return counted.n ? (double)counted.k / (double)counted.n : NAN;
}

/*
 * The dot of a past month: what can be counted of it (contacts with somebody known; who had agreed), the rest as it is now. So the
 * last point is the dot itself.
 */
static void path_write(struct json_writer *out, const struct standing *standing, double interaction, double customization)
{
	const struct standing_month *now = &standing->months[STANDING_MONTHS - 1];
	json_key(out, TEXT("path"));
	json_array_begin(out);
	for (int i = 0; i < STANDING_MONTHS; i++) {
		const struct standing_month *month = &standing->months[i];
		if (!month->known.n || !now->known.n || !now->agreed.n)
			continue;
		double moved = (ratio(month->known) - ratio(now->known) + ratio(month->agreed) - ratio(now->agreed)) / INTERACT_PARTS;
		double share = ratio(now->agreed) > 0 ? ratio(month->agreed) / ratio(now->agreed) : 1;
		json_object_begin(out);
		json_put_time(out, "until", month->until_ms);
		number_put(out, "interaction", interaction + moved);
		number_put(out, "customization", customization - standing->customize[CUSTOMIZE_PERSONAL].value * (1 - (share < 1 ? share : 1)) / CUSTOMIZE_PARTS);
		json_object_end(out);
	}
	json_array_end(out);
}

static void quadrant_write(struct request *request, const struct standing *standing)
{
	struct json_writer *out = &request->out;
	bool few = !behind_may_show(request, standing->months[STANDING_MONTHS - 1].agreed.n);
	double interaction = few ? NAN : axis_mean(standing->interact, INTERACT_PARTS), customization = few ? NAN : axis_mean(standing->customize, CUSTOMIZE_PARTS);
	json_key(out, TEXT("quadrant"));
	json_object_begin(out);
	number_put(out, "interaction", interaction);
	number_put(out, "customization", customization);
	json_key(out, TEXT("quarter"));
	if (isnan(interaction) || isnan(customization))
		json_write_null(out);
	else
		json_write_int(out, quarter_of(interaction, customization));
	if (!few) {
		parts_write(request, "interaction_parts", interact_parts, standing->interact, INTERACT_PARTS);
		parts_write(request, "customization_parts", customize_parts, standing->customize, CUSTOMIZE_PARTS);
		path_write(out, standing, interaction, customization);
		standing_channels_write(request, standing);
		standing_effect_write(request, standing, &standing->groups[GROUP_ALL]);
		next_write(out, standing);
	}
	json_key(out, TEXT("missing"));
	json_array_begin(out);
	if (few)
		json_write_text(out, TEXT("more customers: figures of fewer than may be shown are not shown"));
	json_array_end(out);
	json_object_end(out);
}

/* ---- taking part ---- */

static void participation_write(struct request *request, const struct standing *standing)
{
	struct json_writer *out = &request->out;
	const struct counted *now = &standing->months[STANDING_MONTHS - 1].took_part;
	struct share share = share_of(now->k, now->n);
	json_key(out, TEXT("participation"));
	json_object_begin(out);
	json_key(out, TEXT("value"));
	if (is_shown(request, &share))
		json_write_double(out, share.value);
	else
		json_write_null(out);
	json_put_int(out, "n", (int64_t)now->n);
	if (is_shown(request, &share)) {
		json_put_double(out, "low", share.low);
		json_put_double(out, "high", share.high);
	}
	json_key(out, TEXT("months"));
	json_array_begin(out);
	for (int i = 0; i < STANDING_MONTHS; i++) {
		const struct counted *month = &standing->months[i].took_part;
		json_object_begin(out);
		json_put_time(out, "until", standing->months[i].until_ms);
		number_put(out, "value", behind_may_show(request, month->n) ? ratio(*month) : NAN);
		json_put_int(out, "n", (int64_t)month->n);
		json_object_end(out);
	}
	json_array_end(out);
	json_put_text(out, "means", TEXT("customers who came and answered, judged, proposed, voted or said yes or no to a purpose"));
	json_put_text(out, "missing", now->n ? TEXT("More customers: figures of so few are not shown.") : TEXT("Nobody has come this month."));
	json_object_end(out);
}

static void breaks_write(struct json_writer *out, const struct standing *standing, struct text currency)
{
	json_key(out, TEXT("broken"));
	json_array_begin(out);
	for (size_t i = 0; i < standing->breaks_n; i++) {
		json_object_begin(out);
		json_put_text(out, "spot", text_of(standing->breaks[i].spot));
		json_put_text(out, "title", text_of(standing->breaks[i].title));
		json_put_text(out, "says", text_of(standing->breaks[i].says));
		json_put_int(out, "customers", (int64_t)standing->breaks[i].customers);
		json_put_double(out, "cost_a_month", standing->breaks[i].cost_a_month);
		json_put_text(out, "currency", currency);
		json_object_end(out);
	}
	json_array_end(out);
}

void standing_write(struct request *request, const struct standing *standing)
{
	quadrant_write(request, standing);
	score_write(request, standing);
	participation_write(request, standing);
	breaks_write(&request->out, standing, price_list_of(standing->config)->currency);
	standing_segments_write(request, standing);
}

void standing_say(struct request *request, const struct standing *standing, uint64_t customers, unsigned channels, char *out, size_t room)
{
	static const char *const tens[] = {"None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "All"};
	const struct share *personal = &standing->customize[CUSTOMIZE_PERSONAL];
	bool shown = behind_may_show(request, standing->months[STANDING_MONTHS - 1].agreed.n);
	if (!shown || !personal->n)
		snprintf(out, room, "%" PRIu64 " customers are known on %u channels; how personal their service is has not been measured yet.", customers, channels);
	else if (standing->breaks_n)
		snprintf(out, room, "%s in ten decisions %s personal; “%s” is what hurts most.", tens[(int)lround(personal->value * 10)],
		         lround(personal->value * 10) == 1 ? "is" : "are", standing->breaks[0].title);
	else
		snprintf(out, room, "%s in ten decisions %s personal; nothing stands out as broken.", tens[(int)lround(personal->value * 10)],
		         lround(personal->value * 10) == 1 ? "is" : "are");
}

/* ---- the answers of their own ---- */

static void part_reply(struct request *request, void (*write)(struct request *request, const struct standing *standing))
{
	struct standing standing;
	int error = standing_take(request, &standing, SCORE_ITEMS, NULL);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	write(request, &standing);
	if (write != score_write)
		standing_segments_write(request, &standing);
	json_object_end(&request->out);
}

void api_scorecard(struct request *request)
{
	part_reply(request, score_write);
}

void api_quadrant(struct request *request)
{
	part_reply(request, quadrant_write);
}

void api_participation(struct request *request)
{
	part_reply(request, participation_write);
}

void api_score_item(struct request *request)
{
	struct standing standing;
	struct behind behind = {0};
	int64_t number;
	char sentence[300];
	if (text_to_int64(request->parameters[0], &number) != 0 || number < 1 || number > SCORE_ITEMS)
		return reply_error(request, 404, "no_item", "The score has ten lines, 1 to %d.", SCORE_ITEMS);
	enum score_item item = (enum score_item)(number - 1);
	int error = standing_take(request, &standing, item, &behind);
	if (error) {
		reply_failure(request, error);
	} else {
		json_object_begin(&request->out);
		item_members(request, &standing, item);
		if (is_shown(request, &standing.items[item]))
			snprintf(sentence, sizeof sentence, "%s: %" PRIu32 " %s.", score_items[item].title, behind.total, score_items[item].says);
		else
			snprintf(sentence, sizeof sentence, "%s: not measured yet.", score_items[item].title);
		json_put_text(&request->out, "sentence", text_of(sentence));
		behind_write(request, &behind);
		json_object_end(&request->out);
	}
	memory_free(behind.customers);
}
