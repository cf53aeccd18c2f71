/* consent.c: the ledger's last word a purpose. */
#include "trust/consent.h"

#include <string.h>

enum { CONSENT_VERSION_BYTES_MAX = 200, CONSENT_BYTES_MAX = 6 * 1024, TAG_NO = 0, TAG_YES = 1 };

/* The value of an entry: the time the customer answered, then the version of the text as UTF-8. */
static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct text answer = value_text(value_get(event->payload, TEXT("answer")));
	struct text version = value_text(value_get(event->payload, TEXT("version")));
	uint8_t packed[sizeof(int64_t) + CONSENT_VERSION_BYTES_MAX];
	(void)context;
	if (version.n > CONSENT_VERSION_BYTES_MAX)
		version = (struct text){0}; /* A no must not get lost for it, and a yes to nothing known does not hold. */
	memcpy(packed, &event->header.time_ms, sizeof(int64_t));
	if (version.n)
		memcpy(packed + sizeof(int64_t), version.p, version.n);
	latest_set(state, &(struct latest){
		.key = value_text(value_get(event->payload, TEXT("purpose"))),
		.value = {packed, sizeof(int64_t) + version.n},
		.order = (int64_t)event->position, .position = event->position, .source = event->header.source,
		.channel = event->header.channel, .tag = text_equal(answer, TEXT("yes")) ? TAG_YES : TAG_NO});
}

const struct fold consent_fold = {
	.name = "consents", .version = 1, .bytes_max = CONSENT_BYTES_MAX,
	.kinds = EVENT_KIND_BIT(EVENT_CONSENT), .apply = apply};

static void put(struct buffer *out, struct text key, struct text text)
{
	value_put_key(out, key);
	value_put_text(out, text);
}

int consent_encode(struct buffer *out, const struct config *config, const struct consent_act *act)
{
	const struct purpose *purpose = purpose_find(config, act->purpose);
	if (!purpose)
		return ERROR_NOT_FOUND;
	if (act->yes && act->preset)
		return ERROR_DENIED;
	if (act->version.n > CONSENT_VERSION_BYTES_MAX)
		return ERROR_LIMIT;
	size_t object = value_open(out, VALUE_OBJECT);
	put(out, TEXT("purpose"), purpose->name);
	put(out, TEXT("answer"), act->yes ? TEXT("yes") : TEXT("no"));
	put(out, TEXT("version"), act->version.n ? act->version : purpose->version);
	put(out, TEXT("text"), act->text.n ? act->text : purpose->text);
	if (act->evidence.n)
		put(out, TEXT("evidence"), act->evidence);
	value_close(out, object);
	return out->failed ? ERROR_LIMIT : 0;
}

bool consent_last(struct text state, const struct purpose *purpose, struct consent_state *last)
{
	struct latest act;
	if (!latest_find(state, purpose->name, &act) || act.value.n < sizeof last->time_ms)
		return false;
	*last = (struct consent_state){
		.version = {(const char *)act.value.p + sizeof last->time_ms, act.value.n - sizeof last->time_ms},
		.position = act.position, .channel = (enum channel)act.channel};
	memcpy(&last->time_ms, act.value.p, sizeof last->time_ms);
	last->said_yes = act.tag == TAG_YES;
	last->yes = last->said_yes && text_equal(last->version, purpose->version);
	return true;
}

uint64_t consent_mask(struct text state, const struct config *config)
{
	const struct purposes *purposes = purposes_of(config);
	uint64_t mask = PURPOSE_SERVICE;
	struct consent_state last;
	for (size_t i = 0; state.n && i < purposes->n; i++)
		if (consent_last(state, &purposes->items[i], &last) && last.yes)
			mask |= purposes->items[i].mask;
	return mask;
}
