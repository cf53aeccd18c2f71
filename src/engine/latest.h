/*
 * latest.h: a state that keeps the latest value under each key: traits, preferences, consents, identifiers.
 *
 * Which value is the latest is decided by @order (and position between equals), so the result does not depend on the
 * order of arrival. Packed: about 28 bytes and the texts an entry. At the bound the entry with the smallest order goes;
 * which ones are left may then depend on the order of arrival, as what had to go is not remembered.
 */
#ifndef ATTUNE_ENGINE_LATEST_H
#define ATTUNE_ENGINE_LATEST_H

#include "engine/fold.h"

enum { LATEST_KEY_BYTES_MAX = 200, LATEST_VALUE_BYTES_MAX = 2000 };

struct latest {
	struct text key;
	struct value value;   /* Absent: the key was set to nothing at that time. */
	int64_t order;        /* Event time, or position for what counts by receipt. */
	uint64_t position;    /* Of the event it came from. */
	uint32_t source;      /* Number of the source's name. */
	uint8_t channel, tag; /* The tag is the owner's. */
};

/* Set @entry->key. Keys or values over their limits are left out: false. */
bool latest_set(struct fold_state *state, const struct latest *entry);

/* Walk the entries: start with *@at = 0. */
bool latest_next(struct text state, size_t *at, struct latest *entry);
bool latest_find(struct text state, struct text key, struct latest *entry);

/* Leave out the entries that @keeps is against; true: there were some. */
bool latest_filter(struct fold_state *state, bool (*keeps)(const void *arg, const struct latest *entry), const void *arg);

#endif
