/* claim.c: what public keys say of known customers. */
#include "identify/claim.h"

#include "identify/identifier.h"

#include <string.h>
#include <xxhash.h>

enum { STATE_BYTES_MAX = 4 * 1024, TAG_SET = 1 };

static bool is_statement(enum event_kind kind)
{
	return kind == EVENT_IDENTIFY || kind == EVENT_PREFERENCE || kind == EVENT_CONSENT || kind == EVENT_LAYOUT;
}

uint8_t claim_flags(const struct claim *claim)
{
	if (claim->is_vouched)
		return 0;
	if (!claim->is_of_known || !is_statement(claim->kind))
		return EVENT_UNVERIFIED;
	return EVENT_UNVERIFIED | EVENT_OF_KNOWN | (claim->is_no ? 0 : EVENT_HELD);
}

bool claim_is_of_known(struct text identifiers)
{
	struct identifier_known known;
	for (size_t at = 0; identifier_next(identifiers, &at, &known);)
		if (!text_equal(known.identifier.type, IDENTIFIER_ANONYMOUS) && !text_equal(known.identifier.type, IDENTIFIER_CLAIMED))
			return true;
	return false;
}

/* ---- what is held ---- */

/* Keys are hashes: of an anonymousId, or of one and a purpose. */
static struct text key_make(char out[sizeof(XXH128_canonical_t)], struct text anonymous, struct text purpose)
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(anonymous.p, anonymous.n, purpose.n ? XXH3_64bits(purpose.p, purpose.n) : 0));
	return (struct text){memcpy(out, &canonical, sizeof canonical), sizeof canonical};
}

static void set(struct fold_state *state, const struct event *event, struct text anonymous, struct text purpose, bool on)
{
	char key[sizeof(XXH128_canonical_t)];
	latest_set(state, &(struct latest){.key = key_make(key, anonymous, purpose), .order = (int64_t)event->position, .position = event->position,
	                                   .tag = on ? TAG_SET : 0});
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct text nothing = {"", 0}, anonymous = value_text(value_get(event->payload, TEXT("anonymousId")));
	const bool is_held = event->header.flags & EVENT_HELD;
	(void)context;
	if (anonymous.n == 0)
		return;
	if (event->header.kind == EVENT_CONFIRM || is_held)
		set(state, event, anonymous, nothing, is_held);
	if (event->header.kind == EVENT_CONSENT && (event->header.flags & EVENT_OF_KNOWN))
		set(state, event, anonymous, value_text(value_get(event->payload, TEXT("purpose"))), is_held);
}

const struct fold claim_fold = {
	.name = "claims", .version = 1, .bytes_max = STATE_BYTES_MAX, .takes_held = true, .apply = apply,
	.kinds = EVENT_KIND_BIT(EVENT_IDENTIFY) | EVENT_KIND_BIT(EVENT_PREFERENCE) | EVENT_KIND_BIT(EVENT_CONSENT) | EVENT_KIND_BIT(EVENT_CONFIRM)};

static bool is_set(struct text state, struct text anonymous, struct text purpose)
{
	char key[sizeof(XXH128_canonical_t)];
	struct latest entry;
	return state.n && anonymous.n && latest_find(state, key_make(key, anonymous, purpose), &entry) && (entry.tag & TAG_SET);
}

bool claim_is_open(struct text state, struct text anonymous)
{
	return is_set(state, anonymous, (struct text){"", 0});
}

bool claim_has_yes(struct text state, struct text anonymous, struct text purpose)
{
	return purpose.n && is_set(state, anonymous, purpose);
}
