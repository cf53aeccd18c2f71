/*
 * preference.h: how the customer wants things: stated once, honoured on every channel.
 *
 * A preference has a dotted name ("cash.notes", "accessibility.text") and any JSON value; null takes it back. The last
 * one received counts. What is stated beats what is learned.
 */
#ifndef ATTUNE_INTERACT_PREFERENCE_H
#define ATTUNE_INTERACT_PREFERENCE_H

#include "engine/latest.h"

extern const struct fold preference_fold; /* Walk it with latest_next; an absent value was taken back. */

/* The value of @name, absent when it was not stated. */
struct value preference_get(struct text state, struct text name);

/* What every decision says about accessibility: stated, or the plain defaults. */
struct accessibility {
	bool text_huge, contrast_high, stable_layout, screen_reader;
};
struct accessibility preference_accessibility(struct text state);
void accessibility_write(struct json_writer *writer, struct accessibility accessibility);

#endif
