/* parts.c: parts of a state, in the order of their marks. */
#include "customize/parts.h"

#include <string.h>

struct head {
	uint32_t mark;
	uint16_t bytes;
} __attribute__((packed));

/* Where the part under @mark stands, or where it belongs; its length in *@n, 0 when it is not there. */
static size_t find(struct text state, uint32_t mark, size_t *n)
{
	struct head head;
	size_t at = 0;
	*n = 0;
	while (at + sizeof head <= state.n) {
		memcpy(&head, state.p + at, sizeof head);
		if (head.mark == mark)
			*n = head.bytes;
		if (head.mark >= mark)
			break;
		at += sizeof head + head.bytes;
	}
	return at;
}

struct text part_get(struct text state, uint32_t mark)
{
	size_t n, at = find(state, mark, &n);
	return n ? (struct text){state.p + at + sizeof(struct head), n} : (struct text){0};
}

bool part_put(struct fold_state *state, uint32_t mark, const void *bytes, size_t n)
{
	size_t old, at = find((struct text){(const char *)state->p, state->n}, mark, &old);
	size_t had = old ? sizeof(struct head) + old : 0, wants = sizeof(struct head) + n;
	struct head head = {mark, (uint16_t)n};
	if (state->n - had + wants > state->capacity)
		return false;
	memmove(state->p + at + wants, state->p + at + had, state->n - at - had);
	memcpy(state->p + at, &head, sizeof head);
	memcpy(state->p + at + sizeof head, bytes, n);
	state->n = (uint32_t)(state->n - had + wants);
	return true;
}
