/* consent_acts.c: the ledger, from the history. */
#include "serve/consent_acts.h"

#include "engine/engine.h"

struct consent_acts *consent_acts_new(struct arena *arena)
{
	struct consent_acts *acts = arena_zero_alloc(arena, 1, sizeof *acts);
	if (acts)
		acts->arena = arena;
	if (acts)
		acts->items = arena_alloc(arena, CONSENT_ACTS_MAX * sizeof *acts->items);
	return acts && acts->items ? acts : NULL;
}

static bool is_undone(const struct consent_acts *acts, uint64_t position)
{
	for (size_t i = 0; i < acts->undone_n; i++)
		if (acts->undone[i] == position)
			return true;
	return false;
}

bool consent_acts_take(void *arg, const struct event *event)
{
	struct consent_acts *acts = arg;
	int64_t position;
	if (event->header.kind == EVENT_UNDO && acts->undone_n < CONSENT_ACTS_MAX && !is_undone(acts, event->position) &&
	    value_int(value_get(event->payload, TEXT("position")), &position))
		acts->undone[acts->undone_n++] = (uint64_t)position;
	if (event->header.kind != EVENT_CONSENT && event->header.kind != EVENT_RESTRICT)
		return true;
	acts->cut = acts->n == CONSENT_ACTS_MAX;
	struct consent_taken taken = {.undone = is_undone(acts, event->position)};
	acts->cut = acts->cut || event_copy(&taken.event, event, acts->arena) != 0;
	if (!acts->cut)
		acts->items[acts->n++] = taken;
	return !acts->cut;
}

struct text consent_act_purpose(const struct consent_taken *act)
{
	return value_text(value_get(act->event.payload, TEXT("purpose")));
}

static bool is_yes(const struct consent_taken *act)
{
	return text_equal(value_text(value_get(act->event.payload, TEXT("answer"))), TEXT("yes"));
}

enum consent_decision consent_act_decision(const struct consent_taken *act)
{
	return is_yes(act) ? CONSENT_GRANTED : act->after_yes ? CONSENT_WITHDRAWN : CONSENT_DENIED;
}

/* Does a yes to the same purpose stand before the act at @at? The act before it has been asked already: the oldest go first. */
static bool is_after_yes(const struct consent_acts *acts, size_t at)
{
	for (size_t before = at + 1; before < acts->n; before++) {
		const struct consent_taken *older = &acts->items[before];
		if (older->event.header.kind == EVENT_CONSENT && !older->undone && !event_is_held(&older->event) &&
		    text_equal(consent_act_purpose(older), consent_act_purpose(&acts->items[at])))
			return is_yes(older) || older->after_yes;
	}
	return false;
}

void consent_acts_done(struct consent_acts *acts)
{
	for (size_t i = acts->n; i-- > 0;)
		acts->items[i].after_yes = acts->items[i].event.header.kind == EVENT_CONSENT && is_after_yes(acts, i);
}

struct text consent_act_hash(const struct event *event, char hex[CONSENT_SHA256_HEX + 1])
{
	struct text known = value_text(value_at(event->payload, TEXT("notice.sha256")));
	return known.n ? known : consent_text_hash(hex, value_text(value_get(event->payload, TEXT("text"))));
}
