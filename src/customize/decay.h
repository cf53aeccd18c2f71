/*
 * decay.h: counts that fade by half in a fixed time, in whole numbers.
 *
 * A count kept as an integer fades without being touched: what grows is the weight of the next use. Relative to an
 * origin, one use at time t weighs DECAY_ONE * 2^((t - origin) / half_life); a faded count is the stored sum divided by
 * the weight of now. When a half-life has passed, the origin moves on and all stored sums are halved. So the same uses
 * give the same bits on every machine, and a state needs one origin instead of a time an entry.
 * Source: "forward decay", Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009.
 */
#ifndef ATTUNE_CUSTOMIZE_DECAY_H
#define ATTUNE_CUSTOMIZE_DECAY_H

#include <stdint.h>

enum { DECAY_ONE = 16 }; /* The stored weight of one use at the origin; just before the origin moves it is twice that. */

/*
 * The weight of one use @elapsed after the origin, in 1/65536 of DECAY_ONE's unit: DECAY_ONE * 65536 * 2^(elapsed / half_life).
 * @elapsed is below @half_life (larger is clamped), @half_life at least 1. Linear between 32 exact points: off by < 0.01 %.
 */
uint32_t decay_weight(uint32_t elapsed, uint32_t half_life);

/* How many half-lives have passed: that often the stored sums are halved and the origin moves on by one half-life each. */
uint32_t decay_halvings(uint32_t elapsed, uint32_t half_life);

/* @sum halved @times, rounded to nearest, so that small counts do not all fall away at once. */
uint32_t decay_halved(uint32_t sum, uint32_t times);

/* How many uses @sum stands for, @elapsed after the origin, when one use at the origin was stored as @one. */
double decay_count(uint32_t sum, uint32_t one, uint32_t elapsed, uint32_t half_life);

#endif
