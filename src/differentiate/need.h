/*
 * need.h: what a customer needs, as far as what the customer does shows it.
 *
 * A need (kind need) says in the customer's words what is wanted, and by which events it shows. The need of a customer is the
 * one whose share of all that the customer does exceeds most the share it has with everybody: a measure that money has no
 * part in. Below NEED_EVENTS_MIN events there is no need to be named: not enough is known.
 *
 *   kind: need
 *   name: invest
 *   title: Make more of what I have
 *   on: [{screen: share-prices}, {page: Savings}]
 */
#ifndef ATTUNE_DIFFERENTIATE_NEED_H
#define ATTUNE_DIFFERENTIATE_NEED_H

#include "engine/config_build.h"

enum { NEEDS_MAX = 12, NEED_EVENTS_MIN = 5, NEED_NONE = 255 };

extern const struct config_kind need_kind;

struct need {
	struct text name, title;
};

struct need_sign {
	struct text event;      /* Of an event, a page or a screen. */
	uint8_t need;           /* Index. */
};

struct needs {
	struct need items[NEEDS_MAX];
	size_t n;
	const struct need_sign *signs;
	size_t signs_n;
};

const struct needs *needs_of(const struct config *config); /* Never NULL. */

/* The need that an event of this name shows, NEED_NONE without. */
uint8_t need_of_event(const struct needs *needs, struct text event);

/* The index of the need called @name, NEED_NONE without. */
uint8_t need_find(const struct needs *needs, struct text name);

/* The need of a customer with so many @own events of each need, where everybody together has @all. */
uint8_t need_of(const struct needs *needs, const uint32_t own[NEEDS_MAX], const uint64_t all[NEEDS_MAX]);

#endif
