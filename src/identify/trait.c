/* trait.c: traits. */
#include "identify/trait.h"

#include "base/memory.h"
#include "trust/trait_use.h"

#include <string.h>

enum { STATE_BYTES_MAX = 12 * 1024 };

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct value_cursor cursor = {0};
	struct value value;
	struct text name;
	uint8_t corrected = value_get(event->payload, TEXT("correction")).n ? TRAIT_CORRECTED : 0;
	while (value_next_member(&cursor, value_get(event->payload, TEXT("traits")), &name, &value))
		latest_set(state, &(struct latest){
			.key = name, .value = value_type_of(value) == VALUE_NULL ? (struct value){0} : value,
			.order = event->header.time_ms, .position = event->position, .source = event->header.source,
			.channel = event->header.channel, .tag = (uint8_t)(corrected | trait_use_tag(context->config, name, event->header.purposes))});
}

const struct fold trait_fold = {
	.name = "traits", .version = 1, .bytes_max = STATE_BYTES_MAX,
	.kinds = EVENT_KIND_BIT(EVENT_IDENTIFY), .limit = trait_use_limit, .apply = apply};

static struct text trait_text(struct text state, const char *name)
{
	struct latest trait;
	return latest_find(state, text_of(name), &trait) ? value_text(trait.value) : (struct text){"", 0};
}

struct text trait_display_name(struct text state, struct arena *arena)
{
	struct text name = trait_text(state, "name");
	if (name.n)
		return name;
	struct text first = trait_text(state, "firstName"), last = trait_text(state, "lastName");
	if (first.n == 0)
		first = trait_text(state, "first_name");
	if (last.n == 0)
		last = trait_text(state, "last_name");
	if (first.n && last.n) {
		char *whole = arena_alloc(arena, first.n + 1 + last.n);
		if (!whole)
			return first;
		memcpy(whole, first.p, first.n);
		whole[first.n] = ' ';
		memcpy(whole + first.n + 1, last.p, last.n);
		return (struct text){whole, first.n + 1 + last.n};
	}
	return first.n ? first : last.n ? last : trait_text(state, "email");
}
