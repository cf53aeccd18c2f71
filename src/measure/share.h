/*
 * share.h: a share k of n with its interval of 95 %.
 */
#ifndef ATTUNE_MEASURE_SHARE_H
#define ATTUNE_MEASURE_SHARE_H

#include "base/json.h"

struct share {
	uint64_t k, n;
	double value, low, high; /* All 0 to 1; without any n: 0, 0, 1. */
};

/* The score interval of E. B. Wilson, JASA 22 (1927), z = 1.959964. @k is at most @n. */
struct share share_of(uint64_t k, uint64_t n);

/* Members "share", "low" and "high" of an object that is begun. */
void share_put(struct json_writer *out, struct share share);
/* Members "value", "low" and "high": of a figure with its interval that is no share of a count. */
void share_put_value(struct json_writer *out, double value, double low, double high);

#endif
