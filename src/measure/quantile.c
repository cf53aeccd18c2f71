/* quantile.c: selection by counting. */
#include "measure/quantile.h"

#include <assert.h>
#include <string.h>

enum { CLASS_BITS = 5, CLASSES = 64 << CLASS_BITS, SORTED_BELOW = 48 };

static inline size_t class_of(uint64_t above)
{
	if (above < 1u << CLASS_BITS)
		return (size_t)above;
	unsigned top = 63u - (unsigned)__builtin_clzll(above);
	return ((size_t)(top - CLASS_BITS + 1) << CLASS_BITS) + (size_t)((above >> (top - CLASS_BITS)) & ((1u << CLASS_BITS) - 1));
}

static void insertion_sort(int64_t *values, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		int64_t value = values[i];
		size_t at = i;
		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

/* Copy the values of class @wanted to @out, and lower *@next to the least value of a higher class. */
static size_t pick_class(const int64_t *values, size_t n, int64_t least, size_t wanted, int64_t *out, int64_t *next)
{
	size_t picked = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t value = values[i];
		size_t class = class_of((uint64_t)value - (uint64_t)least);
		if (class == wanted)
			out[picked++] = value;
		else if (class > wanted && value < *next)
			*next = value;
	}
	return picked;
}

/* The value of @rank (0 is the least), and in *@next that of the rank above, or the same at the end. */
static int64_t select_rank(const int64_t *values, size_t n, size_t rank, int64_t *scratch, int64_t *next)
{
	int64_t above = INT64_MAX;
	assert(rank < n);
	while (n > SORTED_BELOW) {
		int64_t least = values[0], most = values[0];
		for (size_t i = 1; i < n; i++) {
			least = values[i] < least ? values[i] : least;
			most = values[i] > most ? values[i] : most;
		}
		if (least == most) {
			*next = rank + 1 < n ? least : above;
			return least;
		}
		uint32_t counts[CLASSES] = {0};
		for (size_t i = 0; i < n; i++)
			counts[class_of((uint64_t)values[i] - (uint64_t)least)]++;
		size_t class = 0;
		while (rank >= counts[class])
			rank -= counts[class++];
		n = pick_class(values, n, least, class, scratch, &above);
		values = scratch;
	}
	if (values != scratch)
		memcpy(scratch, values, n * sizeof *values);
	insertion_sort(scratch, n);
	*next = rank + 1 < n ? scratch[rank + 1] : above;
	return scratch[rank];
}

double quantile_of(const int64_t *values, size_t n, double q, int64_t *scratch)
{
	int64_t next;
	assert(q >= 0 && q <= 1 && n <= UINT32_MAX);
	if (n == 0)
		return 0;
	double place = (double)(n - 1) * q;
	size_t rank = (size_t)place;
	double part = place - (double)rank;
	int64_t value = select_rank(values, n, rank, scratch, &next);
	return part > 0 ? (double)value + part * ((double)next - (double)value) : (double)value;
}
