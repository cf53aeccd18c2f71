/* fold_base.c: bases in the payload of a trim record. */
#include "engine/fold_base.h"

#include <sodium.h>

bool fold_bases_are_in(struct value payload)
{
	return value_type_of(value_get(payload, TEXT("bases"))) == VALUE_OBJECT;
}

static void base_put(struct buffer *out, const struct fold *fold, const struct fold_state *state)
{
	char hex[2 * FOLD_STATE_BYTES_MAX + 1];
	value_put_key(out, text_of(fold->name));
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("version"));
	value_put_int(out, fold->version);
	value_put_key(out, TEXT("state"));
	value_put_text(out, text_of(sodium_bin2hex(hex, sizeof hex, state->p, state->n)));
	value_close(out, object);
}

void fold_bases_put(struct buffer *out, const struct fold_table *table, const struct fold_scratch *scratch,
										const uint64_t *covers, size_t n)
{
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("bases"));
	size_t bases = value_open(out, VALUE_OBJECT);
	for (size_t i = 0; i < table->n; i++)
		if (table->folds[i]->summarises && scratch->states[i].n)
			base_put(out, table->folds[i], &scratch->states[i]);
	value_close(out, bases);
	value_put_key(out, TEXT("covers"));
	size_t array = value_open(out, VALUE_ARRAY);
	for (size_t i = 0; i < n; i++)
		value_put_int(out, (int64_t)covers[i]);
	value_close(out, array);
	value_close(out, object);
}

void fold_bases_merge(struct value payload, const struct fold_table *table, struct fold_scratch *scratch)
{
	const struct value bases = value_get(payload, TEXT("bases"));
	uint8_t bytes[FOLD_STATE_BYTES_MAX];
	for (size_t i = 0; i < table->n; i++) {
		const struct fold *fold = table->folds[i];
		const struct value base = fold->summarises ? value_get(bases, text_of(fold->name)) : (struct value){0};
		const struct text hex = value_text(value_get(base, TEXT("state")));
		int64_t version;
		size_t n;
		if (value_int(value_get(base, TEXT("version")), &version) && version == fold->version &&
				sodium_hex2bin(bytes, fold->bytes_max, hex.p, hex.n, NULL, &n, NULL) == 0)
			fold->merge(&scratch->states[i], (struct text){(const char *)bytes, n});
	}
}
