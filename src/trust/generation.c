/* generation.c: the newest generation of a customer's tokens. */
#include "trust/generation.h"

#include <string.h>

struct generation generation_of(struct text state)
{
	struct generation generation = {0};
	if (state.n == sizeof generation)
		memcpy(&generation, state.p, sizeof generation);
	return generation;
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct generation now = generation_of((struct text){(const char *)state->p, state->n});
	int64_t number;
	(void)context;
	if (!value_int(value_get(event->payload, TEXT("generation")), &number))
		return;
	now.number = number > now.number ? number : now.number;
	now.raised_ms = event->header.received_ms > now.raised_ms ? event->header.received_ms : now.raised_ms;
	memcpy(state->p, &now, sizeof now);
	state->n = sizeof now;
}

const struct fold generation_fold = {
	.name = "generation", .version = 1, .bytes_max = sizeof(struct generation), .at_once = true, .kinds = EVENT_KIND_BIT(EVENT_GENERATION), .apply = apply};

bool generation_allows(struct generation generation, int64_t number, int64_t issued_s)
{
	if (generation.raised_ms == 0)
		return true;
	return number >= 0 ? number >= generation.number : issued_s > generation.raised_ms / 1000;
}
