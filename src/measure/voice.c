/* voice.c: figures of answers. */
#include "measure/voice.h"

#include <assert.h>
#include <math.h>

static const double z = 1.959963984540054;

uint64_t voice_total(const struct voice_counts *counts)
{
	uint64_t total = 0;
	for (size_t i = 0; i < VOICE_LEVELS; i++)
		total += counts->n[i];
	return total;
}

struct voice_figure voice_mean(const struct voice_counts *counts)
{
	double n = (double)voice_total(counts), sum = 0, squares = 0;
	if (n == 0)
		return (struct voice_figure){0};
	for (size_t i = 0; i < VOICE_LEVELS; i++)
		sum += (double)counts->n[i] * (double)i;
	double mean = sum / n;
	for (size_t i = 0; i < VOICE_LEVELS; i++)
		squares += (double)counts->n[i] * ((double)i - mean) * ((double)i - mean);
	double se = n > 1 ? sqrt(squares / (n - 1) / n) : 0;
	return (struct voice_figure){mean, se, mean - z * se, mean + z * se, (uint64_t)n};
}

/* Promoters, detractors and all, as the adjusted Wald interval wants them with @more answers added. */
static double nps_of(const struct voice_counts *counts, double more, double *se)
{
	double n = (double)voice_total(counts) + more, promoters = more / 4, detractors = more / 4;
	for (size_t i = 0; i < VOICE_LEVELS; i++) {
		promoters += i >= 9 ? (double)counts->n[i] : 0;
		detractors += i <= 6 ? (double)counts->n[i] : 0;
	}
	double p = promoters / n, d = detractors / n;
	*se = sqrt((p + d - (p - d) * (p - d)) / n);
	return p - d;
}

struct voice_figure voice_nps(const struct voice_counts *counts)
{
	uint64_t n = voice_total(counts);
	double se, adjusted_se, centre;
	if (n == 0)
		return (struct voice_figure){.low = -1, .high = 1};
	double value = nps_of(counts, 0, &se);
	centre = nps_of(counts, 3, &adjusted_se);
	return (struct voice_figure){value, se, fmax(-1, centre - z * adjusted_se), fmin(1, centre + z * adjusted_se), n};
}

struct share voice_share(const struct voice_counts *counts, enum voice_scale scale)
{
	size_t from = scale == VOICE_STARS ? 4 : scale == VOICE_CES ? 5 : 9;
	uint64_t k = 0;
	for (size_t i = from; i < VOICE_LEVELS; i++)
		k += counts->n[i];
	return share_of(k, voice_total(counts));
}

static struct voice_change change_of(double value, double low, double high, bool known)
{
	return (struct voice_change){value, low, high, known && (low > 0 || high < 0)};
}

struct voice_change voice_mean_change(const struct voice_counts *now, const struct voice_counts *before)
{
	struct voice_figure a = voice_mean(now), b = voice_mean(before);
	double value = a.value - b.value, half = z * sqrt(a.se * a.se + b.se * b.se);
	return change_of(value, value - half, value + half, a.n > 1 && b.n > 1);
}

struct voice_change voice_nps_change(const struct voice_counts *now, const struct voice_counts *before)
{
	double se_now = 0, se_before = 0;
	bool known = voice_total(now) > 0 && voice_total(before) > 0;
	double centre = known ? nps_of(now, 3, &se_now) - nps_of(before, 3, &se_before) : 0;
	double half = z * sqrt(se_now * se_now + se_before * se_before);
	return change_of(known ? voice_nps(now).value - voice_nps(before).value : 0, centre - half, centre + half, known);
}

struct voice_change voice_share_change(struct share now, struct share before)
{
	double value = now.value - before.value;
	double down = sqrt((now.value - now.low) * (now.value - now.low) + (before.high - before.value) * (before.high - before.value));
	double up = sqrt((now.high - now.value) * (now.high - now.value) + (before.value - before.low) * (before.value - before.low));
	return change_of(value, value - down, value + up, now.n > 0 && before.n > 0);
}

size_t voice_peak(const double *moments, size_t n)
{
	size_t peak = 0;
	assert(n > 0);
	for (size_t i = 1; i < n; i++)
		if (fabs(moments[i]) >= fabs(moments[peak]))
			peak = i;
	return peak;
}

double voice_peak_end(const double *moments, size_t n)
{
	return (moments[voice_peak(moments, n)] + moments[n - 1]) / 2;
}

double voice_moment(double stars)
{
	return fmax(-1, fmin(1, (stars - 3) / 2));
}
