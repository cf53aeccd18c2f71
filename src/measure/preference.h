/*
 * preference.h: effective net preference: whom customers prefer, all things considered, among the options open to them.
 *
 * For customer i with n options open and our rank r (1 is best, ties in the middle):
 *     pref = (n + 1 - 2r) / (n - 1)       from -1 to 1: the rivals we beat less those that beat us, of all rivals
 *     w    = V q f                        V money a year, q the chance of an occasion, f freedom from 0 to 1
 *     ENP  = 100 sum(w pref) / sum(w)
 *     SE   = 100 sqrt(sum(w^2 (pref - ENP/100)^2)) / sum(w)
 *     n_eff = (sum w)^2 / sum(w^2)        (Kish 1965)
 * NP is the same with w = 1. The share of wallet is (1 - r/(n+1)) 2/n, after Keiningham, Aksoy, Buoye and Cooil 2011.
 * Captive customers, who have no freedom, count for nothing: they must not flatter us.
 */
#ifndef ATTUNE_MEASURE_PREFERENCE_H
#define ATTUNE_MEASURE_PREFERENCE_H

#include "measure/share.h"

#include <stdbool.h>
#include <stddef.h>

enum { PREFERENCE_N_EFF_MIN = 30 };

struct preference_answer {
	double open_n, rank;     /* At least 2 options; from 1 to open_n. */
	double weight;
};

/* A figure with its standard error and interval of 95 %. */
struct preference_figure {
	double value, se, low, high;
};

struct preference {
	size_t n;
	double n_eff;
	bool shown;                      /* n_eff is at least PREFERENCE_N_EFF_MIN. */
	struct preference_figure enp, np; /* -100 to 100. */
	struct share first;              /* Ranked us first, alone. */
	double wallet, wallet_weighted;  /* Mean share of wallet. */
};

double preference_of(double open_n, double rank);
double preference_wallet(double open_n, double rank);

/* All of it from @answers. Without any: zeros, not shown. Threads: pure. */
struct preference preference_measure(const struct preference_answer *answers, size_t n);

#endif
