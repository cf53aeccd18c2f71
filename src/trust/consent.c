/* consent.c: the ledger's last words a purpose. */
#include "trust/consent.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { VERSION_BYTES_MAX = 200, CONSENT_BYTES_MAX = 12 * 1024, ENTRY_ROOM = 64 };

/* Of an entry. EVER_YES: some yes to the purpose was among the acts of this sort, so that a no is a withdrawal. */
enum { TAG_YES = 1, TAG_EVER_YES = 2, TAG_SIGNAL = 4, TAG_UNTIL = 8, TAG_HELD = 16 /* A public key's word of a known customer. */ };

/*
 * What the state begins with: what holds, for the purposes with @mark, until @until_ms. Then come entries (latest.h), whose key is
 * the purpose's name and what sort of word it is: nothing for the customer's own, else one of these and perhaps an origin.
 */
struct head {
	uint64_t mark, mask;
	int64_t until_ms;
	uint8_t restricted;
	uint8_t full;             /* An entry had to go: only the customer's own words may say yes from now on. */
} __attribute__((packed));

enum sort { SORT_OWN = 0, SORT_OTHER = 1, SORT_VISITOR = 2, SORT_RESTRICT = 3 };
enum { KEY_BYTES = PURPOSE_NAME_BYTES_MAX + 16 };

static struct text key_make(char out[KEY_BYTES], struct text purpose, enum sort sort, uint32_t origin)
{
	purpose = text_first(purpose, PURPOSE_NAME_BYTES_MAX);
	int n = sort == SORT_OWN ? snprintf(out, KEY_BYTES, "%.*s", TEXT_ARGS(purpose)) :
	        sort == SORT_OTHER ? snprintf(out, KEY_BYTES, "%.*s%c", TEXT_ARGS(purpose), sort) :
	                             snprintf(out, KEY_BYTES, "%.*s%c%08x", TEXT_ARGS(purpose), sort, origin);
	return (struct text){out, (size_t)n};
}

static struct head head_of(struct text state)
{
	struct head head = {0};
	if (state.n >= sizeof head)
		memcpy(&head, state.p, sizeof head);
	return head;
}

static struct text entries_of(struct text state)
{
	return state.n >= sizeof(struct head) ? text_from(state, sizeof(struct head)) : (struct text){0};
}

/* ---- which act counts ---- */

/* Of what visitors said, each their newest: the newest no, and without one the newest yes. */
static bool visitor_find(struct text entries, struct text purpose, bool full, struct latest *found)
{
	struct latest entry;
	char key[KEY_BYTES];
	bool any = false;
	size_t prefix_n = key_make(key, purpose, SORT_VISITOR, 0).n - 8;
	for (size_t at = 0; latest_next(entries, &at, &entry);) {
		bool yes = entry.tag & TAG_YES;
		if (!text_equal(text_first(entry.key, prefix_n), (struct text){key, prefix_n}) || (yes && full))
			continue;
		bool found_yes = any && (found->tag & TAG_YES);
		if (!any || (found_yes && !yes) || (found_yes == yes && entry.position > found->position))
			*found = entry;
		any = true;
	}
	return any;
}

static bool act_find(struct text state, struct text purpose, struct latest *act)
{
	struct text entries = entries_of(state);
	struct latest other;
	char key[KEY_BYTES];
	bool full = head_of(state).full;
	bool any = latest_find(entries, purpose, act) || visitor_find(entries, purpose, full, act);
	if (!latest_find(entries, key_make(key, purpose, SORT_OTHER, 0), &other))
		return any;
	bool yes = other.tag & TAG_YES;
	/* Confirming whose an anonymousId is does not undo a no: that only the customer's own word does. */
	bool outvotes = any && !yes && (other.position > act->position || (act->tag & TAG_HELD));
	if ((!any && !(yes && full)) || outvotes) {
		*act = other;
		any = true;
	}
	return any;
}

static bool was_yes_ever(struct text entries, struct text purpose)
{
	struct latest entry;
	for (size_t at = 0; latest_next(entries, &at, &entry);)
		if ((entry.tag & TAG_EVER_YES) && text_starts(entry.key, purpose) && (entry.key.n == purpose.n || (unsigned char)entry.key.p[purpose.n] < ' '))
			return true;
	return false;
}

/* The value of an entry: the time it was said, until when it holds if that was said, then the version of the text. */
static void entry_read(const struct latest *entry, const struct purpose *purpose, struct consent_state *last)
{
	size_t times = (entry->tag & TAG_UNTIL ? 2 : 1) * sizeof(int64_t);
	*last = (struct consent_state){.position = entry->position, .channel = (enum channel)entry->channel, .said_yes = entry->tag & TAG_YES,
	                                .signal = entry->tag & TAG_SIGNAL};
	if (entry->value.n < times)
		return;
	memcpy(&last->time_ms, entry->value.p, sizeof last->time_ms);
	if (entry->tag & TAG_UNTIL)
		memcpy(&last->valid_until_ms, entry->value.p + sizeof(int64_t), sizeof(int64_t));
	last->version = (struct text){(const char *)entry->value.p + times, entry->value.n - times};
	int64_t until = purpose->valid_ms && last->time_ms < INT64_MAX - purpose->valid_ms ? last->time_ms + purpose->valid_ms : 0;
	if (last->said_yes && until && (!last->valid_until_ms || until < last->valid_until_ms))
		last->valid_until_ms = until;
}

bool consent_last(struct text state, const struct purpose *purpose, int64_t now_ms, struct consent_state *last)
{
	struct latest act;
	if (!act_find(state, purpose->name, &act))
		return false;
	entry_read(&act, purpose, last);
	bool same = text_equal(last->version, purpose->version), over = last->valid_until_ms && now_ms > last->valid_until_ms;
	last->yes = last->said_yes && same && !over;
	last->decision = last->yes ? CONSENT_GRANTED : last->said_yes ? (same ? CONSENT_EXPIRED : CONSENT_INVALIDATED) :
	                 was_yes_ever(entries_of(state), purpose->name) ? CONSENT_WITHDRAWN : CONSENT_DENIED;
	return true;
}

/* What holds at @now_ms, and, if nothing else is said, until when. */
static uint64_t mask_make(struct text state, const struct purposes *purposes, int64_t now_ms, int64_t *until_ms)
{
	uint64_t mask = PURPOSE_SERVICE;
	struct consent_state last;
	*until_ms = INT64_MAX;
	for (size_t i = 0; i < purposes->n; i++) {
		if (!consent_last(state, &purposes->items[i], now_ms, &last) || !last.yes)
			continue;
		mask |= purposes->items[i].mask;
		if (last.valid_until_ms && last.valid_until_ms < *until_ms)
			*until_ms = last.valid_until_ms;
	}
	return mask;
}

uint64_t consent_mask(struct text state, const struct config *config, int64_t now_ms)
{
	const struct purposes *purposes = purposes_of(config);
	struct head head = head_of(state);
	int64_t until_ms;
	if (state.n == 0 || head.restricted)
		return PURPOSE_SERVICE;
	return head.mark == purposes->mark && now_ms <= head.until_ms ? head.mask : mask_make(state, purposes, now_ms, &until_ms);
}

bool consent_signal_is_noted(struct text state, const struct purpose *purpose)
{
	struct latest entry;
	char key[KEY_BYTES];
	return latest_find(entries_of(state), key_make(key, purpose->name, SORT_OTHER, 0), &entry) && (entry.tag & TAG_SIGNAL);
}

bool consent_restricted_next(struct text state, size_t *at, uint32_t *origin)
{
	struct latest entry;
	while (latest_next(entries_of(state), at, &entry))
		if (entry.key.p[0] == SORT_RESTRICT && (entry.tag & TAG_YES)) {
			*origin = entry.source;
			return true;
		}
	return false;
}

bool consent_is_restricted(struct text state, int64_t *since_ms)
{
	struct latest entry;
	bool restricted = head_of(state).restricted;
	for (size_t at = 0; restricted && since_ms && latest_next(entries_of(state), &at, &entry);)
		if (entry.key.p[0] == SORT_RESTRICT && (entry.tag & TAG_YES) && entry.value.n == sizeof *since_ms)
			memcpy(since_ms, entry.value.p, sizeof *since_ms);
	return restricted;
}

/* ---- folding ---- */

static bool is_own_word(struct value payload)
{
	struct text actor = value_text(value_get(payload, TEXT("actor"))), method = value_text(value_get(payload, TEXT("method")));
	bool taken_down = text_equal(method, TEXT("spoken")) || text_equal(method, TEXT("signed"));
	return actor.n == 0 || text_equal(actor, TEXT("subject")) || text_equal(actor, TEXT("guardian")) ||
	       (text_starts(actor, TEXT("agent:")) && taken_down && value_text(value_get(payload, TEXT("evidence"))).n);
}

static enum sort sort_of(const struct event *event, bool yes)
{
	if (!is_own_word(event->payload) || (!yes && (event->header.flags & EVENT_UNVERIFIED) && (event->header.flags & EVENT_OF_KNOWN)))
		return SORT_OTHER;
	return event->header.flags & EVENT_UNVERIFIED ? SORT_VISITOR : SORT_OWN;
}

static void entry_set(struct fold_state *state, struct latest *entry)
{
	struct head head = head_of((struct text){(const char *)state->p, state->n});
	struct fold_state inner = {state->p + sizeof head, state->n - (uint32_t)sizeof head, state->capacity - (uint32_t)sizeof head};
	struct latest old;
	if (inner.n + ENTRY_ROOM + entry->key.n + entry->value.n > inner.capacity) { /* Something may have to go. */
		head.full = true;
		memcpy(state->p, &head, sizeof head);
	}
	if (latest_find((struct text){(const char *)inner.p, inner.n}, entry->key, &old)) {
		if (old.position > entry->position) { /* Older than what is known: all it can add is that there was a yes. */
			uint8_t ever = entry->tag & TAG_EVER_YES, room[LATEST_VALUE_BYTES_MAX];
			char key[LATEST_KEY_BYTES_MAX];
			*entry = old;
			entry->key = (struct text){memcpy(key, old.key.p, old.key.n), old.key.n};
			entry->value = (struct value){memcpy(room, old.value.p, old.value.n), old.value.n};
			entry->tag |= ever;
			latest_set(&inner, entry);
			return;
		}
		entry->tag |= old.tag & TAG_EVER_YES;
	}
	latest_set(&inner, entry);
	state->n = inner.n + (uint32_t)sizeof head;
}

static void act_apply(struct fold_state *state, const struct event *event)
{
	struct value payload = event->payload;
	struct text version = value_text(value_get(payload, TEXT("version"))), actor = value_text(value_get(payload, TEXT("actor")));
	bool yes = text_equal(value_text(value_get(payload, TEXT("answer"))), TEXT("yes"));
	uint8_t packed[2 * sizeof(int64_t) + VERSION_BYTES_MAX];
	char key[KEY_BYTES];
	int64_t until;
	size_t n = sizeof event->header.time_ms;
	uint8_t tag = (uint8_t)((yes ? TAG_YES | TAG_EVER_YES : 0) | (event->header.flags & EVENT_HELD ? TAG_HELD : 0) | (text_equal(actor, TEXT("system:gpc")) ? TAG_SIGNAL : 0));
	if (version.n > VERSION_BYTES_MAX)
		version = (struct text){0}; /* A no must not get lost for it, and a yes to nothing known does not hold. */
	memcpy(packed, &event->header.time_ms, n);
	if (value_int(value_get(payload, TEXT("valid_until")), &until)) {
		memcpy(packed + n, &until, sizeof until);
		n += sizeof until;
		tag |= TAG_UNTIL;
	}
	if (version.n)
		memcpy(packed + n, version.p, version.n);
	entry_set(state, &(struct latest){
		.key = key_make(key, value_text(value_get(payload, TEXT("purpose"))), sort_of(event, yes), event->header.origin_number),
		.value = {packed, n + version.n}, .order = (int64_t)event->position, .position = event->position,
		.source = event->header.source, .channel = event->header.channel, .tag = tag});
}

static void restrict_apply(struct fold_state *state, const struct event *event)
{
	char key[KEY_BYTES];
	entry_set(state, &(struct latest){
		.key = key_make(key, (struct text){"", 0}, SORT_RESTRICT, event->header.origin_number),
		.value = {(const uint8_t *)&event->header.time_ms, sizeof event->header.time_ms}, .order = (int64_t)event->position,
		.position = event->position, .source = event->header.origin_number, .channel = event->header.channel,
		.tag = value_is_true(value_get(event->payload, TEXT("restricted"))) ? TAG_YES : 0});
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct purposes *purposes = purposes_of(context->config);
	uint32_t origin;
	size_t at = 0;
	if (state->n == 0) {
		memset(state->p, 0, sizeof(struct head));
		state->n = sizeof(struct head);
	}
	if (event->header.kind == EVENT_RESTRICT)
		restrict_apply(state, event);
	else
		act_apply(state, event);
	struct text view = {(const char *)state->p, state->n};
	struct head head = head_of(view);
	int64_t until_ms;
	head.mark = purposes->mark;
	head.mask = mask_make(view, purposes, INT64_MIN, &until_ms);
	head.until_ms = until_ms;
	head.restricted = consent_restricted_next(view, &at, &origin);
	memcpy(state->p, &head, sizeof head);
}

static bool sets_aside(struct text state)
{
	return head_of(state).restricted;
}

const struct fold consent_fold = {
	.name = "consents", .version = 3, .bytes_max = CONSENT_BYTES_MAX, .sets_aside = sets_aside,
	.kinds = EVENT_KIND_BIT(EVENT_CONSENT) | EVENT_KIND_BIT(EVENT_RESTRICT), .apply = apply};

uint64_t consent_mask_with(struct text state, const struct config *config, const struct event *act, int64_t now_ms)
{
	uint8_t room[CONSENT_BYTES_MAX];
	struct fold_state copy = {room, (uint32_t)state.n, sizeof room};
	struct fold_context context = {.config = config};
	assert(state.n <= sizeof room);
	if (state.n)
		memcpy(room, state.p, state.n);
	apply(&copy, act, &context);
	return consent_mask((struct text){(const char *)room, copy.n}, config, now_ms);
}
