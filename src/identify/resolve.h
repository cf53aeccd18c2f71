/*
 * resolve.h: finds or makes the customer an event belongs to: decided once, on arrival, and recorded as facts.
 *
 * No customer has one of the identifiers: a new one. One has: it gets the others. Several have: they are joined, the
 * oldest id surviving, unless that would break a limit (two user ids never become one person); then the identifier that
 * is believed least is left out of the event, that is recorded, and the rest is tried again. Links, merges, demotions and
 * splits are records; replay never runs these rules. A set of identifiers that did not fit is remembered (matches.h): the
 * next event with it belongs to the same customer and writes no further record, until somebody is parted.
 *
 * What a public key says of identity is a claim (identify_from_public): it holds for the anonymousId alone.
 */
#ifndef ATTUNE_IDENTIFY_RESOLVE_H
#define ATTUNE_IDENTIFY_RESOLVE_H

#include "engine/engine.h"
#include "identify/identifier.h"

struct resolve_request {
	struct identifier identifiers[IDENTIFIERS_AN_EVENT_MAX]; /* Normalised and usable. */
	size_t n;
	bool explicit_link;       /* An alias from somebody trusted: joins even two user ids. */
	struct event_header header; /* Times, source, channel of the event: for the records made here. */
	struct text because;      /* messageId of the event, for the merge record. */
};

/*
 * *@origin is the origin the event belongs to; its customer may change until it is locked (customer_lock_of follows it).
 * Errors: ERROR_INVALID (no usable identifier), ERROR_LIMIT (memory_max: no new customers), ERROR_MEMORY, those of log_append.
 * Threads: safe. Takes the structure lock only when somebody is new or must be joined, or does not fit for the first time.
 */
int resolve(struct engine *engine, const struct resolve_request *request, uint32_t *origin) MUST_CHECK;

/* The customer who has @identifier: an origin number, 0 when nobody has it. */
uint32_t resolve_find(struct engine *engine, struct identifier identifier);

/* Join two customers, or part an origin from its customer, because a person said so.
 * Errors: as engine_merge and engine_split. */
int resolve_merge(struct engine *engine, uint32_t a, uint32_t b, const struct event_header *header, struct text because,
                  uint64_t *position) MUST_CHECK;
int resolve_split(struct engine *engine, uint32_t origin, const struct event_header *header, struct text because,
                  uint64_t *position) MUST_CHECK;

#endif
