/* relationship.c: moments, added up and fading. */
#include "measure/relationship.h"

#include "base/clock.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { MOMENTS_MAX = 4096, STARS_MIDDLE = 300 };

static const double contact_day = 0.2, goal = 2, star = 4;
static const double broken[BROKEN_SIGNALS] = {
	[BROKEN_LEFT] = -4, [BROKEN_FAILED] = -4, [BROKEN_FORCED] = -6, [BROKEN_ASKED] = -5, [BROKEN_WAITED] = -5, [BROKEN_STARS] = 0 /* The stars say it. */};

struct gathering {
	struct moment *moments;
	size_t n;
};

static void add(struct gathering *gathering, struct moment moment)
{
	if (gathering->n < MOMENTS_MAX && moment.effect != 0)
		gathering->moments[gathering->n++] = moment;
}

static void case_add(void *arg, const struct broken_case *found)
{
	add(arg, (struct moment){.time_ms = found->time_ms, .effect = broken[found->kind], .kind = MOMENT_BROKEN, .road = found->road, .signal = found->kind});
}

static void rows_add(struct gathering *gathering, struct relationship *out, const struct customer_rows *rows, const struct broken_question *question,
                     uint32_t stars)
{
	int64_t day = -1;
	for (size_t i = 0; i < rows->n; i++) {
		const struct customer_row *row = &rows->items[i];
		out->contact_days += row->time_ms / MS_A_DAY != day;
		day = row->time_ms / MS_A_DAY;
		if (stars && row->name == stars && row->value > 0)
			add(gathering, (struct moment){.time_ms = row->time_ms, .effect = star * (row->value - STARS_MIDDLE) / 100.0, .kind = MOMENT_STARS,
			                               .stars = row->value / 100});
		for (size_t j = 0; j < question->roads_n; j++)
			if (question->roads[j].goal && row->name == question->roads[j].goal)
				add(gathering, (struct moment){.time_ms = row->time_ms, .effect = goal, .kind = MOMENT_GOAL, .road = (uint32_t)j});
	}
}

static double left_of(double effect, int64_t age_ms)
{
	return age_ms < 0 ? 0 : effect * exp2(-(double)age_ms / ((double)RELATIONSHIP_HALF_LIFE_DAYS * MS_A_DAY));
}

static double strength_at(const struct gathering *gathering, const struct customer_rows *rows, int64_t at_ms)
{
	double sum = 0;
	int64_t day = -1;
	for (size_t i = 0; i < gathering->n; i++)
		sum += left_of(gathering->moments[i].effect, at_ms - gathering->moments[i].time_ms);
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->items[i].time_ms / MS_A_DAY != day)
			sum += left_of(contact_day, at_ms - rows->items[i].time_ms);
		day = rows->items[i].time_ms / MS_A_DAY;
	}
	return 50 + 50 * tanh(sum / RELATIONSHIP_SCALE);
}

static int compare_moments(const void *a, const void *b)
{
	const struct moment *left = a, *right = b;
	double by = fabs(right->effect) - fabs(left->effect);
	return by > 0 ? 1 : by < 0 ? -1 : (left->time_ms < right->time_ms) - (left->time_ms > right->time_ms);
}

int relationship_of(struct relationship *out, const struct customer_rows *rows, const struct broken_question *question, uint32_t stars)
{
	struct gathering gathering = {.moments = memory_alloc(MOMENTS_MAX * sizeof *gathering.moments)};
	struct broken_spot *spots = memory_alloc((question->roads_n + 1) * sizeof *spots);
	struct broken_question asked = *question;
	int error = gathering.moments && spots ? 0 : ERROR_MEMORY;
	*out = (struct relationship){0};
	asked.taken = NULL;
	asked.each = case_add;
	asked.arg = &gathering;
	if (!error)
		error = broken_find(spots, rows, &asked);
	if (!error) {
		rows_add(&gathering, out, rows, question, stars);
		for (int i = 0; i < RELATIONSHIP_MONTHS; i++) {
			out->course[i].time_ms = question->now_ms - (RELATIONSHIP_MONTHS - 1 - i) * MS_A_MONTH;
			out->course[i].strength = strength_at(&gathering, rows, out->course[i].time_ms);
		}
		out->strength = out->course[RELATIONSHIP_MONTHS - 1].strength;
		qsort(gathering.moments, gathering.n, sizeof *gathering.moments, compare_moments);
		for (; out->turns_n < gathering.n && out->turns_n < RELATIONSHIP_TURNS_MAX; out->turns_n++)
			out->turns[out->turns_n] = gathering.moments[out->turns_n];
	}
	memory_free(gathering.moments);
	memory_free(spots);
	return error;
}
