/*
 * share.h: a share k of n with its interval of 95 %.
 */
#ifndef ATTUNE_MEASURE_SHARE_H
#define ATTUNE_MEASURE_SHARE_H

#include <stdint.h>

struct share {
	uint64_t k, n;
	double value, low, high; /* All 0 to 1; without any n: 0, 0, 1. */
};

/* The score interval of E. B. Wilson, JASA 22 (1927), z = 1.959964. @k is at most @n. */
struct share share_of(uint64_t k, uint64_t n);

#endif
