/*
 * voice.h: what customers answered, as figures with their intervals: recommendation, satisfaction, effort, means.
 *
 * An answer is a count on a scale. NPS is the share of 9 and 10 less that of 0 to 6; its interval is the adjusted Wald
 * interval (3 answers more, three quarters promoters, three quarters detractors: Rocks 2016). Shares have Wilson's interval
 * (share.h); the difference of two shares Newcombe's (Statistics in Medicine 17, 1998, method 10); means and differences of
 * means the normal one. A change is one only where its interval does not span 0.
 */
#ifndef ATTUNE_MEASURE_VOICE_H
#define ATTUNE_MEASURE_VOICE_H

#include "measure/share.h"

#include <stdbool.h>
#include <stddef.h>

enum { VOICE_LEVELS = 11 };

enum voice_scale { VOICE_STARS, VOICE_NPS, VOICE_CES, VOICE_SCALES };

/* How often each level of a scale was given: stars 1 to 5, recommendation 0 to 10, effort 1 to 7. */
struct voice_counts {
	uint64_t n[VOICE_LEVELS];
};

struct voice_figure {
	double value, se, low, high;
	uint64_t n;
};

uint64_t voice_total(const struct voice_counts *counts);
struct voice_figure voice_mean(const struct voice_counts *counts);           /* Without answers: all 0. */
struct voice_figure voice_nps(const struct voice_counts *counts);            /* -1 to 1; without answers -1 to 1. */
struct share voice_share(const struct voice_counts *counts, enum voice_scale scale); /* Satisfied: 4 and 5 stars; easy: 5 to 7. */

struct voice_change {
	double value, low, high;
	bool is_change;             /* The interval does not span 0. */
};
struct voice_change voice_mean_change(const struct voice_counts *now, const struct voice_counts *before);
struct voice_change voice_nps_change(const struct voice_counts *now, const struct voice_counts *before);
struct voice_change voice_share_change(struct share now, struct share before);

/*
 * What is remembered of a course of moments from -1 to 1: the mean of its most intense moment and its last one, however long
 * it took (Fredrickson and Kahneman 1993). @n is at least 1.
 */
double voice_peak_end(const double *moments, size_t n);
size_t voice_peak(const double *moments, size_t n); /* Which is the most intense; of equals the last. */

/* So many of 5 stars as a moment. */
double voice_moment(double stars);

#endif
