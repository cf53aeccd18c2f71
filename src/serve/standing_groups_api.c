/*
 * standing_groups_api.c: where channels and segments stand, beside all: taking part, the two axes, satisfaction and profit.
 *
 * A figure stands only where enough customers are behind it, and enough others beside it, or it could be told from the figure of
 * all. What cannot be measured of a group counts nothing in its place, and is named.
 */
#include "serve/api.h"
#include "serve/standing.h"

#include "differentiate/segment/segment.h"
#include "serve/worth.h"
#include "trust/purpose.h"

#include <math.h>

/* May a figure of @customers of a group be shown, where all have @of? */
static bool may_show(const struct request *request, uint64_t customers, uint64_t of)
{
	return customers > 0 && behind_may_show(request, customers) && (customers >= of || behind_may_show(request, of - customers));
}

/* The share, or none where it may not be shown; @customers are behind it, @of behind that of all. */
static struct share share_shown(const struct request *request, struct counted counted, uint64_t customers, uint64_t of)
{
	return may_show(request, customers, of) ? share_of(counted.k < counted.n ? counted.k : counted.n, counted.n) : share_of(0, 0);
}

static void number_put(struct json_writer *out, const char *key, double number)
{
	json_key(out, text_of(key));
	if (isnan(number))
		json_write_null(out);
	else
		json_write_double(out, number);
}

static void share_write(struct json_writer *out, const char *key, struct share share)
{
	json_key(out, text_of(key));
	if (share.n == 0)
		return json_write_null(out);
	json_object_begin(out);
	share_put(out, share);
	json_put_int(out, "of", (int64_t)share.n);
	json_object_end(out);
}

/* ---- the place ---- */

static void parts_of(struct request *request, const struct standing *standing, const struct standing_group *group, struct share interact[INTERACT_PARTS],
                     struct share customize[CUSTOMIZE_PARTS])
{
	const struct standing_group *all = &standing->groups[GROUP_ALL];
	const int now = STANDING_MONTHS - 1;
	interact[INTERACT_KNOWN] = share_shown(request, group->known, group->took_part[now].n, all->took_part[now].n);
	interact[INTERACT_REACHABLE] = share_shown(request, group->agreed, group->agreed.n, all->agreed.n);
	interact[INTERACT_TOLD_ONCE] = share_shown(request, group->told_once, group->told_once.n, all->told_once.n);
	interact[INTERACT_PROMISES] = share_shown(request, group->promises, group->promised, all->promised);
	customize[CUSTOMIZE_PERSONAL] = share_shown(request, group->personal, group->looked_at, group->looked_at); /* A sample of its own. */
	customize[CUSTOMIZE_PLACES] = standing->customize[CUSTOMIZE_PLACES]; /* Who asks for decisions is the same for everybody. */
	customize[CUSTOMIZE_OWN] = share_shown(request, group->own, group->own.n, all->own.n);
}

static void parts_write(struct json_writer *out, const char *key, const struct axis_part_of *of, const struct share *parts, size_t n)
{
	json_key(out, text_of(key));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(out);
		json_put_text(out, "title", text_of(of[i].title));
		json_put_bool(out, "measured", parts[i].n > 0);
		if (parts[i].n) {
			share_put(out, parts[i]);
			json_put_int(out, "of", (int64_t)parts[i].n);
		}
		json_object_end(out);
	}
	json_array_end(out);
}

/* "interaction", "customization", "quadrant", their parts, and the titles of those that are not measured. */
static void place_write(struct request *request, const struct standing *standing, const struct standing_group *group)
{
	struct json_writer *out = &request->out;
	struct share interact[INTERACT_PARTS], customize[CUSTOMIZE_PARTS];
	parts_of(request, standing, group, interact, customize);
	bool own = interact[INTERACT_KNOWN].n || interact[INTERACT_REACHABLE].n || interact[INTERACT_TOLD_ONCE].n || interact[INTERACT_PROMISES].n;
	double interaction = axis_mean(interact, INTERACT_PARTS);
	double customization = own || customize[CUSTOMIZE_OWN].n ? axis_mean(customize, CUSTOMIZE_PARTS) : NAN;
	number_put(out, "interaction", interaction);
	number_put(out, "customization", customization);
	json_key(out, TEXT("quadrant"));
	if (isnan(interaction) || isnan(customization))
		json_write_null(out);
	else
		json_write_int(out, quarter_of(interaction, customization));
	parts_write(out, "interaction_parts", interact_parts, interact, INTERACT_PARTS);
	parts_write(out, "customization_parts", customize_parts, customize, CUSTOMIZE_PARTS);
	json_key(out, TEXT("not_measured"));
	json_array_begin(out);
	for (size_t i = 0; i < INTERACT_PARTS; i++)
		if (interact[i].n == 0)
			json_write_text(out, text_of(interact_parts[i].title));
	for (size_t i = 0; i < CUSTOMIZE_PARTS; i++)
		if (customize[i].n == 0)
			json_write_text(out, text_of(customize_parts[i].title));
	json_array_end(out);
}

/* ---- what comes of it ---- */

static void satisfaction_write(struct request *request, const struct standing_group *group, const struct standing_group *all)
{
	struct json_writer *out = &request->out;
	json_key(out, TEXT("satisfaction"));
	if (!may_show(request, group->rated, all->rated))
		return json_write_null(out);
	struct voice_figure mean = voice_mean(&group->stars);
	struct share satisfied = voice_share(&group->stars, VOICE_STARS);
	json_object_begin(out);
	share_put_value(out, mean.value, mean.low, mean.high);
	json_put_int(out, "answers", (int64_t)mean.n);
	json_put_int(out, "customers", (int64_t)group->rated);
	share_write(out, "satisfied", satisfied);
	json_object_end(out);
}

void standing_effect_write(struct request *request, const struct standing *standing, const struct standing_group *group)
{
	const struct price_list *prices = price_list_of(standing->config);
	const struct standing_group *all = &standing->groups[GROUP_ALL];
	struct json_writer *out = &request->out;
	satisfaction_write(request, group, all);
	json_key(out, TEXT("profit"));
	if (prices->n == 0 || !may_show(request, group->lately, all->lately))
		return json_write_null(out);
	json_object_begin(out);
	json_put_double(out, "a_customer", round(worth_amount(group->profit) / (double)group->lately * 100) / 100);
	json_put_int(out, "customers", (int64_t)group->lately);
	json_put_text(out, "currency", prices->currency);
	json_put_int(out, "days", STANDING_LATELY_DAYS);
	json_object_end(out);
}

/* ---- channels and segments ---- */

static double ratio(struct counted counted)
{
	return counted.n ? (double)counted.k / (double)counted.n : NAN;
}

void standing_channels_write(struct request *request, const struct standing *standing)
{
	const int now = STANDING_MONTHS - 1;
	struct json_writer *out = &request->out;
	json_key(out, TEXT("channels"));
	json_array_begin(out);
	for (unsigned i = 1; i < CHANNEL_COUNT; i++) {
		const struct standing_group *group = &standing->groups[i];
		if (!may_show(request, group->customers, standing->groups[GROUP_ALL].took_part[now].n))
			continue;
		json_object_begin(out);
		json_put_text(out, "channel", text_of(channel_name((enum channel)i)));
		json_put_int(out, "customers", (int64_t)group->customers);
		number_put(out, "known", ratio(group->known));
		number_put(out, "agreed", ratio(group->agreed));
		number_put(out, "took_part", ratio(group->took_part[now]));
		place_write(request, standing, group);
		standing_effect_write(request, standing, group);
		json_object_end(out);
	}
	json_array_end(out);
}

static void months_write(struct request *request, const struct standing *standing, const struct standing_group *group)
{
	const struct standing_group *all = &standing->groups[GROUP_ALL];
	struct json_writer *out = &request->out;
	json_key(out, TEXT("months"));
	json_array_begin(out);
	for (int i = 0; i < STANDING_MONTHS; i++) {
		const struct counted *month = &group->took_part[i];
		bool shown = may_show(request, month->n, all->took_part[i].n);
		json_object_begin(out);
		json_put_time(out, "until", standing->months[i].until_ms);
		number_put(out, "value", shown ? ratio(*month) : NAN);
		json_key(out, TEXT("n"));
		if (shown || month->n == 0)
			json_write_int(out, (int64_t)month->n);
		else
			json_write_null(out);
		json_object_end(out);
	}
	json_array_end(out);
}

static void segment_write(struct request *request, const struct standing *standing, const struct segment *segment, const struct standing_group *group)
{
	const struct counted *now = &group->took_part[STANDING_MONTHS - 1];
	const struct purpose *purpose = purpose_find(standing->config, segment->purpose);
	struct json_writer *out = &request->out;
	json_object_begin(out);
	json_put_text(out, "segment", segment->name);
	json_put_text(out, "title", segment->title);
	json_put_text(out, "purpose_title", purpose ? purpose->title : TEXT(""));
	json_put_int(out, "customers", (int64_t)group->customers);
	share_write(out, "took_part", share_shown(request, *now, now->n, standing->groups[GROUP_ALL].took_part[STANDING_MONTHS - 1].n));
	months_write(request, standing, group);
	place_write(request, standing, group);
	standing_effect_write(request, standing, group);
	json_object_end(out);
}

void standing_segments_write(struct request *request, const struct standing *standing)
{
	const struct segments *segments = segments_of(standing->config);
	struct json_writer *out = &request->out;
	uint64_t all = standing->groups[GROUP_ALL].customers;
	int64_t withheld = 0;
	json_key(out, TEXT("segments"));
	json_array_begin(out);
	for (size_t i = 0; i < segments->n; i++) {
		const struct standing_group *group = &standing->groups[GROUP_SEGMENTS + i];
		if (may_show(request, group->customers, all))
			segment_write(request, standing, &segments->items[i], group);
		else
			withheld++;
	}
	json_array_end(out);
	json_put_int(out, "segments_configured", (int64_t)segments->n);
	json_put_int(out, "segments_withheld", withheld);
}
