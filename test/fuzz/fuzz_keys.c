/*
 * fuzz_keys.c: any bytes as the content of the file of keys, under the right check or not: keys within their limits or a refusal with a
 * name; and a file that was read and written is read the same again.
 */
#include "file.h"

#include "base/checked_file.h"
#include "base/json.h"
#include "serve/keys.h"

#include <sodium.h>
#include <string.h>

static void key_check(const struct key *key)
{
	struct buffer out = BUFFER_INIT(8192);
	struct json_writer writer = JSON_WRITER(&out);
	MUST(key->scope == KEY_WRITE || key->scope == KEY_SECRET);
	MUST(strlen(key->id) <= KEY_ID_BYTES && strlen(key->source) <= KEY_SOURCE_BYTES && strlen(key->name) <= KEY_NAME_BYTES);
	json_object_begin(&writer);
	key_members_write(&writer, key);
	json_object_end(&writer);
	MUST(!out.failed);
	buffer_free(&out);
	key_opens(key, TEXT("/v1/customers/00112233445566778899aabbccddeeff/export"), true);
}

static void keys_check(struct keys *keys, struct text tried)
{
	for (size_t i = 0; i < keys_n(keys); i++)
		key_check(keys_at(keys, i));
	MUST(!keys_at(keys, keys_n(keys)));
	MUST(keys_count(keys, KEY_WRITE) + keys_count(keys, KEY_SECRET) <= keys_n(keys));
	MUST(!keys_find(keys, tried, 1780000000000));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz_input input = {bytes, n};
	struct keys *keys;
	char made[KEY_TEXT_BYTES];
	MUST(sodium_init() >= 0);
	damage_clear();
	bool checked = fuzz_byte(&input) & 1;
	struct text content = fuzz_rest(&input);
	if (checked)
		MUST(checked_write(fuzz_folder(), "keys", content) == 0);
	else
		fuzz_file_put("keys", content);
	int error = keys_open(&keys, fuzz_folder());
	MUST(error == 0 || (error == ERROR_CORRUPT && fuzz_is_named("keys")));
	if (error)
		return 0;
	keys_check(keys, text_first(content, 200));
	size_t before = keys_n(keys);
	error = keys_add(keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, made);
	MUST(error == 0 || error == ERROR_LIMIT);
	MUST(error || keys_find(keys, text_of(made), 1780000000000));
	keys_close(keys);
	MUST(keys_open(&keys, fuzz_folder()) == 0 && keys_n(keys) == before + !error);
	keys_close(keys);
	return 0;
}
