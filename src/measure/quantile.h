/*
 * quantile.h: exact quantiles of many whole numbers, without sorting them.
 *
 * Between two values the quantile is interpolated (Hyndman and Fan 1996, type 7: what numpy, pandas and R give unasked).
 */
#ifndef ATTUNE_MEASURE_QUANTILE_H
#define ATTUNE_MEASURE_QUANTILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The quantile @q (0 to 1) of the @n values, which stay as they are; 0 for none. @scratch has room for @n.
 * O(n): values are counted in 64 x 32 log-linear classes above the least, the class of the wanted rank is picked out and
 * counted again, each time at least 32 times narrower.
 */
double quantile_of(const int64_t *values, size_t n, double q, int64_t *scratch);

#endif
