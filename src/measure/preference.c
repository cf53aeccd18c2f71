/* preference.c: effective net preference. */
#include "measure/preference.h"

#include <assert.h>
#include <math.h>

double preference_of(double open_n, double rank)
{
	assert(open_n >= 2 && rank >= 1 && rank <= open_n);
	return (open_n + 1 - 2 * rank) / (open_n - 1);
}

double preference_wallet(double open_n, double rank)
{
	assert(open_n >= 1 && rank >= 1 && rank <= open_n);
	return (1 - rank / (open_n + 1)) * 2 / open_n;
}

/* The weighted mean of what customers prefer; every weight is 1 where @weighted is false. */
static struct preference_figure mean_of(const struct preference_answer *answers, size_t n, bool weighted)
{
	const double z = 1.959963984540054;
	double total = 0, sum = 0, squares = 0;
	for (size_t i = 0; i < n; i++) {
		double weight = weighted ? answers[i].weight : 1;
		total += weight;
		sum += weight * preference_of(answers[i].open_n, answers[i].rank);
	}
	if (total <= 0)
		return (struct preference_figure){.low = -100, .high = 100};
	double mean = sum / total;
	for (size_t i = 0; i < n; i++) {
		double weight = weighted ? answers[i].weight : 1, off = preference_of(answers[i].open_n, answers[i].rank) - mean;
		squares += weight * weight * off * off;
	}
	double se = 100 * sqrt(squares) / total, value = 100 * mean;
	return (struct preference_figure){value, se, fmax(-100, value - z * se), fmin(100, value + z * se)};
}

struct preference preference_measure(const struct preference_answer *answers, size_t n)
{
	struct preference out = {.n = n};
	double weights = 0, squares = 0, wallets = 0, weighted = 0;
	size_t first = 0;
	for (size_t i = 0; i < n; i++) {
		double wallet = preference_wallet(answers[i].open_n, answers[i].rank);
		weights += answers[i].weight;
		squares += answers[i].weight * answers[i].weight;
		wallets += wallet;
		weighted += answers[i].weight * wallet;
		first += answers[i].rank < 1.5;
	}
	out.n_eff = squares > 0 ? weights * weights / squares : 0;
	out.shown = out.n_eff >= PREFERENCE_N_EFF_MIN;
	out.enp = mean_of(answers, n, true);
	out.np = mean_of(answers, n, false);
	out.first = share_of(first, n);
	out.wallet = n ? wallets / (double)n : 0;
	out.wallet_weighted = weights > 0 ? weighted / weights : 0;
	return out;
}
