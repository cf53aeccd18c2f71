/* journeys_group.c: partition, counting sort, and order in time. */
#include "measure/journeys_group.h"

#include "measure/large.h"

#include <assert.h>
#include <string.h>

enum { PART_EVENTS = 16 * 1024, DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, INSERTION_MAX = 24 };

static unsigned bits_of(uint64_t value)
{
	return value ? 64u - (unsigned)__builtin_clzll(value) : 0;
}

static inline bool is_taken(const struct journeys_columns *columns, const struct journeys_options *options, size_t i)
{
	int64_t time_ms = columns->times_ms[i];
	if ((options->from_ms || options->to_ms) && (time_ms < options->from_ms || time_ms >= options->to_ms))
		return false;
	for (size_t f = 0; f < options->filters_n; f++)
		if (options->filters[f].column[i] != options->filters[f].value)
			return false;
	return true;
}

static inline uint32_t activity_at(const struct journeys_columns *columns, size_t i)
{
	return columns->activities ? columns->activities[i] : columns->activities_short[i];
}

static bool is_plain(const struct journeys_options *options)
{
	return !options->from_ms && !options->to_ms && !options->filters_n;
}

static int count_parts(struct journey_groups *groups, const struct journeys_columns *columns,
                       const struct journeys_options *options)
{
	size_t counts[GROUP_PARTS_MAX] = {0};
	uint32_t cases_n = columns->cases_n, activity_max = 0;
	unsigned shift = groups->shift;
	bool plain = is_plain(options);
	for (size_t i = 0; i < columns->n; i++) {
		uint32_t number = columns->cases[i];
		if (number >= cases_n)
			return ERROR_INVALID;
		uint32_t activity = activity_at(columns, i);
		activity_max = activity > activity_max ? activity : activity_max;
		counts[(uint64_t)number >> shift] += plain || is_taken(columns, options, i);
	}
	if (columns->n && activity_max >= columns->activities_n)
		return ERROR_INVALID;
	for (size_t part = 0; part < groups->parts_n; part++) {
		groups->starts[part + 1] = groups->starts[part] + counts[part];
		if (counts[part] > groups->part_events_max)
			groups->part_events_max = counts[part];
	}
	return 0;
}

static void scatter(struct journey_groups *groups, const struct journeys_columns *columns,
                    const struct journeys_options *options)
{
	struct journey_event *ends[GROUP_PARTS_MAX];
	unsigned shift = groups->shift;
	bool plain = is_plain(options);
	for (size_t part = 0; part < groups->parts_n; part++)
		ends[part] = groups->events + groups->starts[part];
	for (size_t i = 0; i < columns->n; i++) {
		uint32_t number = columns->cases[i];
		if (!plain && !is_taken(columns, options, i))
			continue;
		*ends[(uint64_t)number >> shift]++ = (struct journey_event){number, activity_at(columns, i), columns->times_ms[i]};
	}
}

int journey_groups_make(struct journey_groups *groups, const struct journeys_columns *columns,
                        const struct journeys_options *options)
{
	if (columns->n > JOURNEYS_EVENTS_MAX)
		return ERROR_LIMIT;
	memset(groups, 0, sizeof *groups);
	unsigned case_bits = bits_of(columns->cases_n ? columns->cases_n - 1 : 0);
	unsigned part_bits = bits_of(columns->n / PART_EVENTS);
	if (part_bits > GROUP_PARTS_BITS_MAX)
		part_bits = GROUP_PARTS_BITS_MAX;
	if (part_bits > case_bits)
		part_bits = case_bits;
	groups->shift = case_bits - part_bits;
	groups->parts_n = (size_t)1 << part_bits;
	int error = count_parts(groups, columns, options);
	if (error)
		return error;
	groups->events = large_alloc(groups->starts[groups->parts_n] * sizeof *groups->events);
	groups->sorted = memory_alloc(groups->part_events_max * sizeof *groups->sorted);
	groups->spare = memory_alloc(groups->part_events_max * sizeof *groups->spare);
	if (!groups->events || !groups->sorted || !groups->spare) {
		journey_groups_free(groups);
		return ERROR_MEMORY;
	}
	scatter(groups, columns, options);
	return 0;
}

void journey_groups_free(struct journey_groups *groups)
{
	memory_free(groups->events);
	memory_free(groups->sorted);
	memory_free(groups->spare);
	groups->events = groups->sorted = groups->spare = NULL;
}

/* One stable pass over @bits bits from @at on. */
static void digit_pass(struct journey_event *to, const struct journey_event *from, size_t n, unsigned at, unsigned bits)
{
	uint32_t places[DIGITS] = {0}, mask = (1u << bits) - 1, sum = 0;
	for (size_t i = 0; i < n; i++)
		places[(from[i].case_number >> at) & mask]++;
	for (uint32_t digit = 0; digit <= mask; digit++) {
		uint32_t count = places[digit];
		places[digit] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[places[(from[i].case_number >> at) & mask]++] = from[i];
}

static void insertion_sort(struct journey_event *events, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct journey_event event = events[i];
		size_t at = i;
		for (; at > 0 && events[at - 1].time_ms > event.time_ms; at--)
			events[at] = events[at - 1];
		events[at] = event;
	}
}

/* Bottom-up and stable, over runs of INSERTION_MAX. */
static void merge_sort(struct journey_event *events, size_t n, struct journey_event *spare)
{
	struct journey_event *from = events, *to = spare;
	for (size_t at = 0; at < n; at += INSERTION_MAX)
		insertion_sort(events + at, n - at < INSERTION_MAX ? n - at : INSERTION_MAX);
	for (size_t width = INSERTION_MAX; width < n; width *= 2) {
		for (size_t at = 0; at < n; at += 2 * width) {
			size_t middle = at + width < n ? at + width : n, end = middle + width < n ? middle + width : n;
			size_t a = at, b = middle;
			for (size_t out = at; out < end; out++)
				to[out] = b == end || (a < middle && from[a].time_ms <= from[b].time_ms) ? from[a++] : from[b++];
		}
		struct journey_event *swap = from;
		from = to;
		to = swap;
	}
	if (from != events)
		memcpy(events, from, n * sizeof *events);
}

static void order_cases(struct journey_event *events, size_t n, struct journey_event *spare)
{
	size_t start = 0;
	bool ordered = true;
	for (size_t i = 1; i <= n; i++) {
		if (i < n && events[i].case_number == events[start].case_number) {
			ordered &= events[i].time_ms >= events[i - 1].time_ms;
			continue;
		}
		if (!ordered)
			merge_sort(events + start, i - start, spare);
		start = i;
		ordered = true;
	}
}

const struct journey_event *journey_groups_sort(struct journey_groups *groups, size_t part)
{
	assert(part < groups->parts_n);
	size_t n = groups->starts[part + 1] - groups->starts[part];
	struct journey_event *from = groups->events + groups->starts[part], *to = groups->sorted, *spare = groups->spare;
	if (!groups->shift && n)
		memcpy(to, from, n * sizeof *to);
	for (unsigned at = 0; at < groups->shift; at += DIGIT_BITS) {
		unsigned bits = groups->shift - at < DIGIT_BITS ? groups->shift - at : DIGIT_BITS;
		to = at / DIGIT_BITS % 2 ? spare : groups->sorted;
		digit_pass(to, from, n, at, bits);
		from = to;
	}
	spare = to == groups->sorted ? groups->spare : groups->sorted;
	order_cases(to, n, spare);
	return to;
}
