/* keys.c: keys as hashes in a file, and the secret that tokens are signed with. */
#include "serve/keys.h"

#include "base/clock.h"
#include "base/checked_file.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/kept_file.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { HASH_BYTES = 32, SECRET_LETTERS = 32, SIGNING_BYTES = 32, SIGNING_TEXT = 44, FILE_BYTES_MAX = 1 << 20 };

struct stored {
	struct key key;
	uint8_t hash[HASH_BYTES];
};

static const struct kept_file keys_file = {"keys", "no program may call", "a backup"};
static const struct kept_file signing_file = {"signing-secret", "no customer token can be checked", "a backup"};

struct keys {
	char folder[4096];
	struct stored items[KEYS_MAX];
	_Atomic size_t n; /* Of items once counted only the atomics change. */
	atomic_bool used; /* Some used_day is not written yet. */
	pthread_mutex_t lock;
	char signing[SIGNING_TEXT];
};

static const char *scope_name(enum key_scope scope)
{
	return scope == KEY_SECRET ? "secret" : "write";
}

/* Empty texts stand as "-" in the file. */
static void field_copy(char *out, struct text field)
{
	if (!text_equal(field, TEXT("-")))
		memcpy(out, field.p, field.n);
}

/* scope id hash created revoked used-day events-a-minute bytes-a-minute routes source name */
static int line_read(struct keys *keys, struct text line)
{
	enum { FIELDS = 10 };
	struct text field[FIELDS];
	struct stored *stored = &keys->items[keys->n];
	struct key *key = &stored->key;
	size_t n = 0, hash_n;
	int64_t revoked = 0, used = 0;
	if (memchr(line.p, 0, line.n)) /* Its fields are kept as terminated texts. */
		return ERROR_CORRUPT;
	while (n < FIELDS && text_next(&line, ' ', &field[n]))
		n++;
	if (n < FIELDS || keys->n == KEYS_MAX || field[1].n != KEY_ID_BYTES || field[8].n > KEY_ROUTES_BYTES || field[9].n > KEY_SOURCE_BYTES ||
	    line.n == 0 || line.n > KEY_NAME_BYTES)
		return ERROR_CORRUPT;
	memset(stored, 0, sizeof *stored);
	key->scope = text_equal(field[0], TEXT("secret")) ? KEY_SECRET : KEY_WRITE;
	memcpy(key->id, field[1].p, field[1].n);
	field_copy(key->routes, field[8]);
	memcpy(key->source, field[9].p, field[9].n);
	memcpy(key->name, line.p, line.n);
	if (text_to_int64(field[3], &key->created_ms) != 0 || text_to_int64(field[4], &revoked) != 0 || text_to_int64(field[5], &used) != 0 ||
	    text_to_int64(field[6], &key->events_a_minute) != 0 || text_to_int64(field[7], &key->bytes_a_minute) != 0 ||
	    sodium_hex2bin(stored->hash, HASH_BYTES, field[2].p, field[2].n, NULL, &hash_n, NULL) != 0 || hash_n != HASH_BYTES ||
	    used < 0 || used > INT64_MAX / MS_A_DAY)
		return ERROR_CORRUPT;
	key->revoked_ms = revoked;
	key->used_day = used;
	keys->n++;
	return 0;
}

static int keys_read(struct keys *keys)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	int error = kept_file_read(keys->folder, &keys_file, &content);
	struct text rest = error ? (struct text){0} : buffer_view(&content), line;
	while (!error && rest.n && text_next(&rest, '\n', &line))
		if (line.n && line_read(keys, line) != 0)
			error = kept_file_refuse(&keys_file, "not of this version");
	buffer_free(&content);
	return error == ERROR_NOT_FOUND ? 0 : error;
}

/* In letters, so that it can be handed to the company's backend as it lies there. */
static int signing_read(struct keys *keys)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	uint8_t random[SIGNING_BYTES];
	int error = kept_file_read(keys->folder, &signing_file, &content);
	if (error == ERROR_NOT_FOUND) {
		randombytes_buf(random, sizeof random);
		sodium_bin2base64(keys->signing, SIGNING_TEXT, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		error = kept_file_write(keys->folder, &signing_file, text_of(keys->signing));
	} else if (!error && content.n != SIGNING_TEXT - 1) {
		error = kept_file_refuse(&signing_file, "not of this version");
	} else if (!error) {
		memcpy(keys->signing, content.p, content.n);
	}
	buffer_free(&content);
	return error;
}

bool base64_decode(struct text text, char *out, size_t max, size_t *n)
{
	return sodium_base642bin((uint8_t *)out, max, text.p, text.n, NULL, n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}

int keys_open(struct keys **out, const char *folder)
{
	struct keys *keys = secret_alloc(sizeof *keys);
	if (!keys)
		return ERROR_MEMORY;
	pthread_mutex_init(&keys->lock, NULL);
	snprintf(keys->folder, sizeof keys->folder, "%s", folder);
	int error = keys_read(keys);
	if (!error)
		error = signing_read(keys);
	if (error) {
		keys_close(keys);
		return error;
	}
	*out = keys;
	return 0;
}

static int keys_write(struct keys *keys, size_t n);

int keys_flush(struct keys *keys)
{
	pthread_mutex_lock(&keys->lock);
	int error = atomic_load(&keys->used) ? keys_write(keys, keys->n) : 0;
	pthread_mutex_unlock(&keys->lock);
	return error;
}

void keys_close(struct keys *keys)
{
	if (!keys)
		return;
	if (keys_flush(keys) != 0) {
		/* When keys were used last is not known then; nothing else is lost. */
	}
	pthread_mutex_destroy(&keys->lock);
	secret_free(keys, sizeof *keys);
}

size_t keys_count(const struct keys *keys, enum key_scope scope)
{
	size_t n = 0;
	for (size_t i = 0; i < keys->n; i++)
		n += keys->items[i].key.scope == scope && !keys->items[i].key.revoked_ms;
	return n;
}

size_t keys_n(const struct keys *keys)
{
	return keys->n;
}

const struct key *keys_at(const struct keys *keys, size_t i)
{
	return i < keys->n ? &keys->items[i].key : NULL;
}

bool secret_equal(struct text a, struct text b)
{
	return a.n == b.n && a.n > 0 && sodium_memcmp(a.p, b.p, a.n) == 0;
}

static void hash_key(struct text text, uint8_t hash[HASH_BYTES])
{
	crypto_generichash(hash, HASH_BYTES, (const uint8_t *)text.p, text.n, NULL, 0);
}

/* Under the lock. */
static int keys_write(struct keys *keys, size_t n)
{
	struct buffer out = BUFFER_INIT(FILE_BYTES_MAX);
	atomic_store(&keys->used, false);
	for (size_t i = 0; i < n; i++) {
		char hex[2 * HASH_BYTES + 1];
		const struct stored *stored = &keys->items[i];
		const struct key *key = &stored->key;
		sodium_bin2hex(hex, sizeof hex, stored->hash, HASH_BYTES);
		buffer_format(&out, "%s %s %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %s %s %s\n", scope_name(key->scope), key->id,
		              hex, key->created_ms, key->revoked_ms, key->used_day, key->events_a_minute, key->bytes_a_minute,
		              *key->routes ? key->routes : "-", key->source, key->name);
	}
	int error = out.failed ? ERROR_MEMORY : kept_file_write(keys->folder, &keys_file, buffer_view(&out));
	if (error)
		atomic_store(&keys->used, true);
	buffer_free(&out);
	return error;
}

/* ---- to which routes ---- */

/* Groups of routes by name, so that a key need not list paths. */
static const struct {
	const char *name, *paths; /* With blanks between. */
	bool reads;               /* GET alone. */
} groups[] = {
	{"collect", "/v1/track /v1/page /v1/screen /v1/identify /v1/group /v1/alias /v1/batch /v1/import /v1/t /v1/p /v1/s /v1/i /v1/g /v1/a /v1/b", false},
	{"decide", "/v1/decide /v1/preview /v1/response", false},
	{"customers", "/v1/customers /v1/consents /v1/requests /v1/stream", false},
	{"read", "/v1", true},
};

static int group_of(struct text name)
{
	for (int i = 0; i < (int)(sizeof groups / sizeof *groups); i++)
		if (text_equal(name, text_of(groups[i].name)))
			return i;
	return -1;
}

bool key_routes_fit(struct text routes)
{
	struct text rest = routes, one;
	if (routes.n > KEY_ROUTES_BYTES)
		return false;
	while (rest.n && text_next(&rest, ',', &one)) {
		bool is_path = text_starts(one, TEXT("/")) && one.n > 1;
		for (size_t i = 0; i < one.n; i++)
			is_path &= one.p[i] > ' ' && one.p[i] < 127;
		if (!is_path && group_of(one) < 0)
			return false;
	}
	return true;
}

bool key_path_is_below(struct text path, struct text prefix)
{
	return text_starts(path, prefix) && (path.n == prefix.n || path.p[prefix.n] == '/' || prefix.p[prefix.n - 1] == '/');
}

bool key_opens(const struct key *key, struct text path, bool reads)
{
	struct text rest = text_of(key->routes), one, prefix;
	bool opens = rest.n == 0;
	while (!opens && rest.n && text_next(&rest, ',', &one)) {
		int group = group_of(one);
		struct text paths = group < 0 ? one : text_of(groups[group].paths);
		if (group >= 0 && groups[group].reads && !reads)
			continue;
		while (!opens && paths.n && text_next(&paths, ' ', &prefix))
			opens = key_path_is_below(path, prefix);
	}
	return opens;
}

/* ---- making and revoking ---- */

static bool is_plain(struct text text)
{
	bool plain = text_is_utf8(text);
	for (size_t i = 0; i < text.n; i++)
		plain &= (unsigned char)text.p[i] >= ' ' && text.p[i] != 127;
	return plain;
}

static bool is_acceptable(const struct key_made *made)
{
	return made->source.n > 0 && made->source.n <= KEY_SOURCE_BYTES && !memchr(made->source.p, ' ', made->source.n) && is_plain(made->source) &&
	       made->name.n <= KEY_NAME_BYTES && is_plain(made->name) && key_routes_fit(made->routes) && made->events_a_minute >= 0 && made->bytes_a_minute >= 0;
}

int keys_add(struct keys *keys, const struct key_made *made, char text[KEY_TEXT_BYTES])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	if (!is_acceptable(made))
		return ERROR_INVALID;
	struct stored stored = {.key = {.scope = made->scope, .created_ms = clock_now_ms(), .events_a_minute = made->events_a_minute,
	                                .bytes_a_minute = made->bytes_a_minute}};
	struct text name = text_trim(made->name).n ? text_trim(made->name) : made->source;
	char secret[SECRET_LETTERS + 1] = {0};
	memcpy(stored.key.source, made->source.p, made->source.n);
	memcpy(stored.key.name, name.p, name.n);
	if (made->routes.n)
		memcpy(stored.key.routes, made->routes.p, made->routes.n);
	for (size_t i = 0; i < KEY_ID_BYTES; i++)
		stored.key.id[i] = "0123456789abcdef"[randombytes_uniform(16)];
	for (size_t i = 0; i < SECRET_LETTERS; i++)
		secret[i] = letters[randombytes_uniform(sizeof letters - 1)];
	snprintf(text, KEY_TEXT_BYTES, "at_%s_%s_%s", scope_name(made->scope), stored.key.id, secret);
	hash_key(text_of(text), stored.hash);
	pthread_mutex_lock(&keys->lock);
	int error = keys->n == KEYS_MAX ? ERROR_LIMIT : 0;
	if (!error) {
		keys->items[keys->n] = stored;
		error = keys_write(keys, keys->n + 1);
	}
	if (!error)
		keys->n++;
	pthread_mutex_unlock(&keys->lock);
	return error;
}

static bool administers(const struct key *key)
{
	return key->scope == KEY_SECRET && !*key->routes && !key->revoked_ms;
}

int keys_revoke(struct keys *keys, struct text id, bool others_administer, int64_t now_ms)
{
	struct key *found = NULL;
	size_t left = 0;
	pthread_mutex_lock(&keys->lock);
	for (size_t i = 0; i < keys->n; i++) {
		struct key *key = &keys->items[i].key;
		if (text_equal(id, text_of(key->id)))
			found = key;
		else
			left += administers(key);
	}
	int error = !found ? ERROR_NOT_FOUND : administers(found) && !left && !others_administer ? ERROR_CONFLICT : 0;
	if (!error && !found->revoked_ms) {
		found->revoked_ms = now_ms;
		error = keys_write(keys, keys->n);
		if (error)
			found->revoked_ms = 0;
	}
	pthread_mutex_unlock(&keys->lock);
	return error;
}

void key_members_write(struct json_writer *out, const struct key *key)
{
	struct text rest = text_of(key->routes), one;
	json_put_text(out, "id", text_of(key->id));
	json_put_text(out, "name", text_of(key->name));
	json_put_text(out, "scope", text_of(scope_name(key->scope)));
	json_put_text(out, "source", text_of(key->source));
	json_key(out, TEXT("routes"));
	json_array_begin(out);
	while (rest.n && text_next(&rest, ',', &one))
		json_write_text(out, one);
	json_array_end(out);
	json_put_time(out, "created", key->created_ms);
	json_key(out, TEXT("last_used")); /* To the day: more would tell of single requests. */
	if (key->used_day) {
		char day[CLOCK_TEXT_BYTES];
		json_write_text(out, text_first(clock_format(day, key->used_day * MS_A_DAY), 10));
	} else {
		json_write_null(out);
	}
	if (key->events_a_minute)
		json_put_int(out, "events_a_minute", key->events_a_minute);
	if (key->bytes_a_minute)
		json_put_int(out, "bytes_a_minute", key->bytes_a_minute);
	json_key(out, TEXT("revoked"));
	if (key->revoked_ms) {
		char at[CLOCK_TEXT_BYTES];
		json_write_text(out, clock_format(at, key->revoked_ms));
	} else {
		json_write_null(out);
	}
}

/* ---- calling ---- */

static const struct key *key_used(struct keys *keys, struct key *key, int64_t now_ms)
{
	const int64_t day = now_ms / MS_A_DAY;
	if (key->revoked_ms)
		return NULL;
	if (atomic_load_explicit(&key->used_day, memory_order_relaxed) != day) {
		atomic_store(&key->used_day, day);
		atomic_store(&keys->used, true);
	}
	return key;
}

const struct key *keys_find(struct keys *keys, struct text text, int64_t now_ms)
{
	uint8_t hash[HASH_BYTES];
	struct text rest = text, part, id;
	if (text.n >= KEY_TEXT_BYTES || !text_next(&rest, '_', &part) || !text_equal(part, TEXT("at")) ||
	    !text_next(&rest, '_', &part) || !text_next(&rest, '_', &id) || id.n != KEY_ID_BYTES)
		return NULL;
	for (size_t i = 0, n = keys->n; i < n; i++) {
		struct stored *stored = &keys->items[i];
		if (memcmp(stored->key.id, id.p, KEY_ID_BYTES) != 0)
			continue;
		hash_key(text, hash);
		if (secret_equal((struct text){(const char *)hash, HASH_BYTES}, (struct text){(const char *)stored->hash, HASH_BYTES}))
			return key_used(keys, &stored->key, now_ms);
	}
	return NULL;
}

const char *keys_signing_secret(const struct keys *keys)
{
	return keys->signing;
}
