/* journeys_report.c: what `attune journeys` prints. */
#include "cli/journeys_report.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "measure/share.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS_SHOWN = 12, NAME_WIDTH = 34, HASH_TEXT_BYTES = 33, SHARE_PERCENT = 80 };

static struct text activity_name(const struct journeys_report *report, uint32_t activity)
{
	return names_text(report->activities, activity);
}

static void put_edges(struct json_writer *w, const struct journeys_report *report)
{
	json_key(w, TEXT("edge_list"));
	json_array_begin(w);
	for (size_t i = 0; i < report->journeys->edges_n; i++) {
		const struct journey_edge *edge = &report->journeys->edges[i];
		json_object_begin(w);
		json_put_text(w, "from", activity_name(report, edge->from));
		json_put_text(w, "to", activity_name(report, edge->to));
		json_put_int(w, "count", (int64_t)edge->count);
		json_put_int(w, "wait_sum_ms", edge->wait_sum_ms);
		json_put_double(w, "wait_mean_ms", (double)edge->wait_sum_ms / (double)edge->count);
		json_put_int(w, "wait_min_ms", edge->wait_min_ms);
		json_put_int(w, "wait_max_ms", edge->wait_max_ms);
		json_put_double(w, "wait_p50_ms", edge->wait_p50_ms);
		json_put_double(w, "wait_p90_ms", edge->wait_p90_ms);
		json_object_end(w);
	}
	json_array_end(w);
}

enum count { COUNT_EVENTS, COUNT_STARTS, COUNT_ENDS, COUNT_REPEATED };

static uint64_t count_of(const struct journey_activity *activity, enum count count)
{
	switch (count) {
	case COUNT_STARTS:
		return activity->starts;
	case COUNT_ENDS:
		return activity->ends;
	case COUNT_REPEATED:
		return activity->repeated;
	default:
		return activity->events;
	}
}

struct ranked {
	uint32_t activity;
	uint64_t count;
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->activity > b->activity) - (a->activity < b->activity);
}

/* The activities with any @count, most first; NULL without memory or without any. */
static struct ranked *rank(const struct journeys_report *report, enum count count, size_t *n)
{
	const struct journeys *journeys = report->journeys;
	struct ranked *ranked = memory_alloc(journeys->by_activity_n * sizeof *ranked);
	*n = 0;
	if (!ranked)
		return NULL;
	for (uint32_t i = 0; i < journeys->by_activity_n; i++) {
		uint64_t found = count_of(&journeys->by_activity[i], count);
		if (found)
			ranked[(*n)++] = (struct ranked){i, found};
	}
	qsort(ranked, *n, sizeof *ranked, compare_ranked);
	return ranked;
}

static void put_counts(struct json_writer *w, const struct journeys_report *report, const char *key, enum count count)
{
	size_t n;
	struct ranked *ranked = rank(report, count, &n);
	json_key(w, text_of(key));
	json_array_begin(w);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(w);
		json_put_text(w, "activity", activity_name(report, ranked[i].activity));
		json_put_int(w, "count", (int64_t)ranked[i].count);
		json_object_end(w);
	}
	json_array_end(w);
	memory_free(ranked);
}

static void put_variants(struct json_writer *w, const struct journeys_report *report)
{
	const struct journeys *journeys = report->journeys;
	json_key(w, TEXT("variant_list"));
	json_array_begin(w);
	for (size_t i = 0; i < journeys->variants_n && i < report->variants; i++) {
		const struct journey_variant *variant = &journeys->variants[i];
		char hash[HASH_TEXT_BYTES];
		snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, variant->hash_high, variant->hash_low);
		json_object_begin(w);
		json_put_text(w, "hash", text_of(hash));
		json_put_int(w, "count", (int64_t)variant->count);
		json_put_double(w, "share", (double)variant->count / (double)journeys->cases);
		json_put_double(w, "duration_p50_ms", variant->duration_p50_ms);
		json_put_text(w, "exemplar", names_text(report->cases, variant->exemplar_case));
		json_put_time(w, "exemplar_start", variant->exemplar_start_ms);
		json_key(w, TEXT("activities"));
		json_array_begin(w);
		for (uint32_t k = 0; k < variant->steps_n; k++)
			json_write_text(w, activity_name(report, journeys->steps[variant->steps_at + k]));
		json_array_end(w);
		json_object_end(w);
	}
	json_array_end(w);
}

static void put_goal(struct json_writer *w, const struct journeys_report *report)
{
	const struct journeys *journeys = report->journeys;
	if (report->goal == JOURNEYS_NO_ACTIVITY)
		return;
	json_put_text(w, "goal", activity_name(report, report->goal));
	json_put_int(w, "reached", (int64_t)journeys->reached);
	json_key(w, TEXT("drop_off_list"));
	json_array_begin(w);
	for (uint32_t i = 0; i < journeys->by_activity_n; i++) {
		const struct journey_activity *activity = &journeys->by_activity[i];
		struct share share = share_of(activity->dropped, activity->journeys);
		if (!activity->journeys || i == report->goal)
			continue;
		json_object_begin(w);
		json_put_text(w, "activity", activity_name(report, i));
		json_put_int(w, "dropped", (int64_t)share.k);
		json_put_int(w, "cases", (int64_t)share.n);
		share_put(w, share);
		json_object_end(w);
	}
	json_array_end(w);
}

void journeys_report_json(struct buffer *out, const struct journeys_report *report)
{
	const struct journeys *journeys = report->journeys;
	struct json_writer writer = JSON_WRITER(out), *w = &writer;
	json_object_begin(w);
	json_put_int(w, "cases", (int64_t)journeys->cases);
	json_put_int(w, "events", (int64_t)journeys->events);
	json_put_int(w, "activities", journeys->activities);
	json_put_int(w, "edges", (int64_t)journeys->edges_n);
	json_put_int(w, "arcs", (int64_t)journeys->arcs);
	json_put_int(w, "variants", (int64_t)journeys->variants_n);
	json_put_double(w, "seconds", report->seconds);
	json_put_int(w, "rejected", (int64_t)report->rejected);
	json_put_int(w, "starts", journeys->starts);
	json_put_int(w, "ends", journeys->ends);
	json_put_int(w, "self_arcs", (int64_t)journeys->self_arcs);
	json_put_int(w, "longest", (int64_t)journeys->steps_max);
	json_put_int(w, "variants_80", (int64_t)journeys_variants_covering(journeys, SHARE_PERCENT / 100.0));
	json_put_double(w, "duration_p50_ms", journeys->duration_p50_ms);
	json_put_double(w, "duration_mean_ms", journeys->duration_mean_ms);
	put_edges(w, report);
	put_counts(w, report, "start_list", COUNT_STARTS);
	put_counts(w, report, "end_list", COUNT_ENDS);
	put_variants(w, report);
	json_key(w, TEXT("repeats"));
	json_object_begin(w);
	json_put_int(w, "cases", (int64_t)journeys->repeated);
	put_counts(w, report, "activities", COUNT_REPEATED);
	json_object_end(w);
	put_goal(w, report);
	json_object_end(w);
	buffer_char(out, '\n');
}

/* "3.2 h": the largest unit that leaves a number of at least one. */
static const char *wait_text(char out[24], double ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"d", MS_A_DAY}, {"h", MS_AN_HOUR}, {"min", MS_A_MINUTE}, {"s", MS_A_SECOND}};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (ms >= units[i].ms) {
			snprintf(out, 24, "%.1f %s", ms / units[i].ms, units[i].unit);
			return out;
		}
	snprintf(out, 24, "%.0f ms", ms);
	return out;
}

enum padding { PADDED, PLAIN };

/* A name on a terminal: one cell a character, cut at NAME_WIDTH, and without control characters. */
static void put_name(struct buffer *out, struct text name, enum padding padding)
{
	size_t cells = 0, i = 0;
	while (i < name.n && cells < NAME_WIDTH) {
		unsigned char c = (unsigned char)name.p[i];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (c < 0x20 || c == 0x7f)
			buffer_char(out, ' ');
		else
			buffer_append(out, name.p + i, n < name.n - i ? n : name.n - i);
		i += n;
		cells++;
	}
	for (; padding == PADDED && cells < NAME_WIDTH; cells++)
		buffer_char(out, ' ');
}

static void table_edges(struct buffer *out, const struct journeys_report *report)
{
	const struct journeys *journeys = report->journeys;
	char waits[4][24];
	buffer_format(out, "\n%-*s   %-*s %9s %9s %9s %9s %9s\n", NAME_WIDTH, "from", NAME_WIDTH, "to", "count", "mean", "p50",
	              "p90", "max");
	for (size_t i = 0; i < journeys->edges_n && i < report->top; i++) {
		const struct journey_edge *edge = &journeys->edges[i];
		put_name(out, activity_name(report, edge->from), PADDED);
		buffer_string(out, " > ");
		put_name(out, activity_name(report, edge->to), PADDED);
		buffer_format(out, " %9" PRIu64 " %9s %9s %9s %9s\n", edge->count,
		              wait_text(waits[0], (double)edge->wait_sum_ms / (double)edge->count),
		              wait_text(waits[1], edge->wait_p50_ms), wait_text(waits[2], edge->wait_p90_ms),
		              wait_text(waits[3], (double)edge->wait_max_ms));
	}
	if (journeys->edges_n > report->top)
		buffer_format(out, "... and %zu more (--top N)\n", journeys->edges_n - report->top);
}

static void table_counts(struct buffer *out, const struct journeys_report *report, const char *title, enum count count)
{
	size_t n;
	struct ranked *ranked = rank(report, count, &n);
	buffer_format(out, "\n%s\n", title);
	for (size_t i = 0; i < n && i < report->top; i++) {
		buffer_format(out, "%9" PRIu64 "  %5.1f %%  ", ranked[i].count,
		              100.0 * (double)ranked[i].count / (double)report->journeys->cases);
		put_name(out, activity_name(report, ranked[i].activity), PLAIN);
		buffer_char(out, '\n');
	}
	if (n == 0)
		buffer_string(out, "        0\n");
	if (n > report->top)
		buffer_format(out, "... and %zu more\n", n - report->top);
	memory_free(ranked);
}

static void table_variants(struct buffer *out, const struct journeys_report *report)
{
	const struct journeys *journeys = report->journeys;
	char wait[24];
	buffer_format(out, "\nusual courses: %zu of %zu cover %d %% of the journeys\n",
	              journeys_variants_covering(journeys, SHARE_PERCENT / 100.0), journeys->variants_n, SHARE_PERCENT);
	for (size_t i = 0; i < journeys->variants_n && i < report->variants; i++) {
		const struct journey_variant *variant = &journeys->variants[i];
		buffer_format(out, "%9" PRIu64 "  %5.1f %%  p50 %9s  ", variant->count,
		              100.0 * (double)variant->count / (double)journeys->cases, wait_text(wait, variant->duration_p50_ms));
		for (uint32_t k = 0; k < variant->steps_n && k < STEPS_SHOWN; k++) {
			buffer_string(out, k ? " > " : "");
			put_name(out, activity_name(report, journeys->steps[variant->steps_at + k]), PLAIN);
		}
		if (variant->steps_n > STEPS_SHOWN)
			buffer_format(out, " > ... (%u steps)", variant->steps_n);
		buffer_char(out, '\n');
	}
}

static void table_goal(struct buffer *out, const struct journeys_report *report)
{
	const struct journeys *journeys = report->journeys;
	struct share reached = share_of(journeys->reached, journeys->cases);
	if (report->goal == JOURNEYS_NO_ACTIVITY)
		return;
	buffer_format(out, "\nthe goal was reached in %" PRIu64 " of %" PRIu64 " journeys: %.1f %% (95 %%: %.1f to %.1f)\n",
	              reached.k, reached.n, 100 * reached.value, 100 * reached.low, 100 * reached.high);
	buffer_string(out, "journeys that ended without it, by the last activity\n");
	size_t n;
	struct ranked *ranked = rank(report, COUNT_ENDS, &n);
	for (size_t i = 0, shown = 0; i < n && shown < report->top; i++) {
		const struct journey_activity *activity = &journeys->by_activity[ranked[i].activity];
		struct share share = share_of(activity->dropped, activity->journeys);
		if (!share.k)
			continue;
		shown++;
		buffer_format(out, "%9" PRIu64 "  of %9" PRIu64 " %5.1f %% (%.1f to %.1f)  ", share.k, share.n, 100 * share.value,
		              100 * share.low, 100 * share.high);
		put_name(out, activity_name(report, ranked[i].activity), PLAIN);
		buffer_char(out, '\n');
	}
	memory_free(ranked);
}

void journeys_report_table(struct buffer *out, const struct journeys_report *report)
{
	const struct journeys *journeys = report->journeys;
	char waits[2][24];
	buffer_format(out,
	              "%" PRIu64 " journeys, %" PRIu64 " events, %u activities, %zu courses in %.2f s\n"
	              "%" PRIu64 " steps from one event to the next, of %zu kinds\n",
	              journeys->cases, journeys->events, journeys->activities, journeys->variants_n, report->seconds,
	              journeys->arcs, journeys->edges_n);
	buffer_format(out, "half of the journeys take at most %s, the average is %s; the longest has %" PRIu64 " events\n",
	              wait_text(waits[0], journeys->duration_p50_ms), wait_text(waits[1], journeys->duration_mean_ms),
	              journeys->steps_max);
	if (report->rejected)
		buffer_format(out, "%" PRIu64 " %s refused\n", report->rejected, report->rejected == 1 ? "line was" : "lines were");
	table_edges(out, report);
	table_counts(out, report, "journeys begin with", COUNT_STARTS);
	table_counts(out, report, "journeys end with", COUNT_ENDS);
	table_variants(out, report);
	buffer_format(out, "\n%" PRIu64 " steps lead from an activity to itself; %" PRIu64 " journeys repeat something\n",
	              journeys->self_arcs, journeys->repeated);
	table_counts(out, report, "journeys in which an activity occurs again", COUNT_REPEATED);
	table_goal(out, report);
}
