/*
 * purchase.h: what a customer has bought and still has: what recommendations leave out, and what comes back when used up.
 *
 * Which event is a purchase is configuration; an event that returns goods takes them out again:
 *
 *   kind: purchase
 *   name: shop
 *   event: Order Completed
 *   returned: Order Refunded
 *   list: products              # of the event's properties: a list of objects; without it the event is one product
 *   id: product_id
 *   quantity: quantity
 *   gift: gift                  # a line with it true is for somebody else and does not count
 *
 * The service runs on this state (nobody should be sold what they have), so it needs no consent; what is *learned* from it
 * about a customer is read only with one. Days, not moments, are kept: the newest PURCHASE_DAYS of each product. The order of
 * arrival does not matter while a customer has bought no more than PURCHASES_MAX products; beyond that the product that was
 * bought longest ago goes. Who bought nothing costs nothing.
 */
#ifndef ATTUNE_CUSTOMIZE_PURCHASE_H
#define ATTUNE_CUSTOMIZE_PURCHASE_H

#include "engine/config_build.h"
#include "engine/fold.h"

enum { PURCHASES_MAX = 200, PURCHASE_DAYS = 6 };

extern const struct config_kind purchase_kind;
extern const struct fold purchase_fold;

/* One product in a customer's state. */
struct purchase {
	uint32_t mark;                 /* product_mark of its id. */
	uint16_t orders;               /* Lines that counted. */
	uint16_t units, returned;
	uint16_t last_units;           /* On the newest day. */
	uint16_t days[PURCHASE_DAYS];  /* Days since 1970, newest first, each once; 0: none. */
};

/* Walk them: start with *@at = 0. */
bool purchase_next(struct text state, size_t *at, struct purchase *purchase);

/* Is there something left of it? */
bool purchase_is_owned(const struct purchase *purchase);

/* Is @name the name of a purchase event, or of one that returns goods? */
bool purchase_is_event(const struct config *config, struct text name);

#endif
