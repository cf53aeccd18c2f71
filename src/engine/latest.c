/* latest.c: packed entries, the newest a key. */
#include "engine/latest.h"

#include <string.h>

struct packed {
	uint16_t bytes, value_n;
	uint8_t key_n, channel, tag, reserved;
	uint32_t source;
	int64_t order;
	uint64_t position;
} __attribute__((packed));

bool latest_next(struct text state, size_t *at, struct latest *entry)
{
	struct packed head;
	if (*at + sizeof head > state.n) {
		*entry = (struct latest){0};
		return false;
	}
	memcpy(&head, state.p + *at, sizeof head);
	const char *p = state.p + *at + sizeof head;
	*entry = (struct latest){
		.key = {p, head.key_n}, .value = {(const uint8_t *)p + head.key_n, head.value_n}, .order = head.order,
		.position = head.position, .source = head.source, .channel = head.channel, .tag = head.tag};
	*at += head.bytes;
	return true;
}

static bool find(struct text state, struct text key, struct latest *entry, size_t *where)
{
	for (size_t at = 0, here = 0; latest_next(state, &at, entry); here = at)
		if (text_equal(entry->key, key)) {
			*where = here;
			return true;
		}
	return false;
}

bool latest_find(struct text state, struct text key, struct latest *entry)
{
	size_t where;
	return find(state, key, entry, &where);
}

static void cut(struct fold_state *state, size_t at)
{
	uint16_t bytes;
	memcpy(&bytes, state->p + at, sizeof bytes);
	memmove(state->p + at, state->p + at + bytes, state->n - at - bytes);
	state->n -= bytes;
}

static bool is_older(const struct latest *a, const struct latest *b)
{
	return a->order != b->order ? a->order < b->order : a->position < b->position;
}

/* Take out the oldest entry; false when the new one is the oldest itself. */
static bool oldest_cut(struct fold_state *state, const struct latest *fresh)
{
	struct latest entry, oldest = *fresh;
	size_t where = SIZE_MAX;
	struct text view = {(const char *)state->p, state->n};
	for (size_t at = 0, here = 0; latest_next(view, &at, &entry); here = at)
		if (is_older(&entry, &oldest)) {
			oldest = entry;
			where = here;
		}
	if (where == SIZE_MAX)
		return false;
	cut(state, where);
	return true;
}

bool latest_set(struct fold_state *state, const struct latest *entry)
{
	struct latest old;
	size_t where;
	struct packed head = {.value_n = (uint16_t)entry->value.n, .key_n = (uint8_t)entry->key.n, .channel = entry->channel,
	                      .tag = entry->tag, .source = entry->source, .order = entry->order, .position = entry->position};
	size_t bytes = sizeof head + entry->key.n + entry->value.n;
	if (entry->key.n == 0 || entry->key.n > LATEST_KEY_BYTES_MAX || entry->value.n > LATEST_VALUE_BYTES_MAX)
		return false;
	if (find((struct text){(const char *)state->p, state->n}, entry->key, &old, &where)) {
		if (is_older(entry, &old))
			return true;
		cut(state, where);
	}
	while (state->n + bytes > state->capacity)
		if (!oldest_cut(state, entry))
			return true;
	/* Entries stand in the order of their keys, so that equal contents are equal bytes. */
	size_t at = 0, here = 0;
	struct text view = {(const char *)state->p, state->n};
	while (latest_next(view, &at, &old) && text_compare(old.key, entry->key) < 0)
		here = at;
	memmove(state->p + here + bytes, state->p + here, state->n - here);
	head.bytes = (uint16_t)bytes;
	memcpy(state->p + here, &head, sizeof head);
	memcpy(state->p + here + sizeof head, entry->key.p, entry->key.n);
	if (entry->value.n)
		memcpy(state->p + here + sizeof head + entry->key.n, entry->value.p, entry->value.n);
	state->n += (uint32_t)bytes;
	return true;
}

bool latest_filter(struct fold_state *state, bool (*keeps)(const void *arg, const struct latest *entry), const void *arg)
{
	struct latest entry;
	uint32_t before = state->n;
	for (size_t at = 0, here = 0; latest_next((struct text){(const char *)state->p, state->n}, &at, &entry); here = at)
		if (!keeps(arg, &entry)) {
			cut(state, here);
			at = here;
		}
	return state->n < before;
}
