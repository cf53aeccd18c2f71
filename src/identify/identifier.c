/* identifier.c: what counts as an identifier. */
#include "identify/identifier.h"

#include <string.h>

enum { STATE_BYTES_MAX = 15 * 1024, LIMIT_USER = 1, LIMIT_OTHER = 5 };

/* Keys are "type:value"; the order is the time before 1970 as it were, so the oldest link stays, in whatever order they come. */
static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	char key[LATEST_KEY_BYTES_MAX + 1];
	struct text type = value_text(value_get(event->payload, TEXT("type")));
	struct text value = value_text(value_get(event->payload, TEXT("value")));
	(void)context;
	if (type.n + 1 + value.n > LATEST_KEY_BYTES_MAX)
		return;
	memcpy(key, type.p, type.n);
	key[type.n] = ':';
	memcpy(key + type.n + 1, value.p, value.n);
	struct text whole = {key, type.n + 1 + value.n};
	latest_set(state, &(struct latest){.key = whole, .order = -event->header.time_ms, .position = event->position,
	                                   .source = event->header.source, .channel = event->header.channel,
	                                   .tag = (uint8_t)type.n});
}

const struct fold identifier_fold = {
	.name = "identifiers", .version = 2, .bytes_max = STATE_BYTES_MAX,
	.kinds = EVENT_KIND_BIT(EVENT_LINK), .apply = apply};

/* Segment's ^[0-]*$, and what programs write when they have nothing to say. */
static bool is_placeholder(struct text value)
{
	static const char *const words[] = {"-1", "null", "anonymous", "undefined", "none", "nil", "nan", "guest", "id", "true", "false",
	                                    "unknown", "not_authenticated", "distinct_id", "[object object]", "n/a", "test", "email"};
	bool zeros = true;
	for (size_t i = 0; i < value.n && zeros; i++)
		zeros = value.p[i] == '0' || value.p[i] == '-';
	for (size_t i = 0; i < sizeof words / sizeof *words && !zeros; i++)
		if (text_equal_fold(value, text_of(words[i])))
			return true;
	return zeros;
}

bool identifier_is_usable(struct identifier identifier)
{
	if (identifier.value.n == 0 || identifier.value.n > IDENTIFIER_BYTES_MAX || identifier.type.n == 0 ||
	    identifier.type.n > IDENTIFIER_TYPE_BYTES_MAX || is_placeholder(text_trim(identifier.value)))
		return false;
	if (text_trim(identifier.value).n == 0)
		return false;
	if (text_equal(identifier.type, IDENTIFIER_EMAIL)) {
		size_t at;
		return text_find(identifier.value, TEXT("@"), &at) && at > 0 && at + 1 < identifier.value.n;
	}
	return true;
}

unsigned identifier_limit(struct text type)
{
	return text_equal(type, IDENTIFIER_USER) || text_equal(type, IDENTIFIER_CLAIMED) ? LIMIT_USER : LIMIT_OTHER;
}

static int rank(struct text type)
{
	return text_equal(type, IDENTIFIER_USER) ? 0 : text_equal(type, IDENTIFIER_EMAIL) ? 1 :
	       text_equal(type, IDENTIFIER_ANONYMOUS) ? 3 : 2;
}

int identifier_compare(const struct identifier *a, const struct identifier *b)
{
	int by_rank = rank(a->type) - rank(b->type);
	if (by_rank)
		return by_rank;
	int by_type = text_compare(a->type, b->type);
	return by_type ? by_type : text_compare(a->value, b->value);
}

struct identifier identifier_normalise(struct identifier identifier, char *copy)
{
	identifier.value = text_trim(identifier.value);
	if (!text_equal(identifier.type, IDENTIFIER_EMAIL) || identifier.value.n > IDENTIFIER_BYTES_MAX)
		return identifier;
	for (size_t i = 0; i < identifier.value.n; i++) {
		char c = identifier.value.p[i];
		copy[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	identifier.value.p = copy;
	return identifier;
}

bool identifier_parse(struct text text, struct identifier *identifier)
{
	struct text rest = text, type;
	if (!text_next(&rest, ':', &type) || !rest.p || type.n == 0 || rest.n == 0)
		return false;
	if (text_equal(type, TEXT("userId")) || text_equal(type, TEXT("user_id")))
		type = IDENTIFIER_USER;
	if (text_equal(type, TEXT("anonymousId")) || text_equal(type, TEXT("anonymous_id")))
		type = IDENTIFIER_ANONYMOUS;
	*identifier = (struct identifier){type, rest};
	return type.n <= IDENTIFIER_TYPE_BYTES_MAX;
}

bool identifier_next(struct text state, size_t *at, struct identifier_known *known)
{
	struct latest entry;
	if (!latest_next(state, at, &entry)) {
		*known = (struct identifier_known){0};
		return false;
	}
	*known = (struct identifier_known){
		.identifier = {text_first(entry.key, entry.tag), text_from(entry.key, (size_t)entry.tag + 1)},
		.since_ms = -entry.order, .source = entry.source, .position = entry.position};
	return true;
}

unsigned identifier_count(struct text state, struct text type)
{
	struct identifier_known known;
	unsigned n = 0;
	for (size_t at = 0; identifier_next(state, &at, &known);)
		n += text_equal(known.identifier.type, type);
	return n;
}

bool identifier_has(struct text state, struct identifier identifier)
{
	struct identifier_known known;
	for (size_t at = 0; identifier_next(state, &at, &known);)
		if (text_equal(known.identifier.type, identifier.type) && text_equal(known.identifier.value, identifier.value))
			return true;
	return false;
}
