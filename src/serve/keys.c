/* keys.c: keys as hashes in a file, and signed tokens. */
#include "serve/keys.h"

#include "base/clock.h"
#include "base/checked_file.h"
#include "base/json.h"
#include "base/kept_file.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { HASH_BYTES = 32, SECRET_LETTERS = 32, SIGNING_BYTES = 32, SIGNING_TEXT = 44, TOKEN_BYTES_MAX = 2000, FILE_BYTES_MAX = 1 << 20 };

struct stored {
	struct key key;
	uint8_t hash[HASH_BYTES];
};

static const struct kept_file keys_file = {"keys", "no program may call", "a backup"};
static const struct kept_file signing_file = {"signing-secret", "no customer token can be checked", "a backup"};

struct keys {
	char folder[4096];
	struct stored items[KEYS_MAX];
	_Atomic size_t n; /* Items never change once counted. */
	pthread_mutex_t lock;
	char signing[SIGNING_TEXT];
};

static const char *scope_name(enum key_scope scope)
{
	return scope == KEY_SECRET ? "secret" : "write";
}

static int line_read(struct keys *keys, struct text line)
{
	struct text field[5];
	struct stored *stored = &keys->items[keys->n];
	size_t n = 0, hash_n;
	while (n < 5 && text_next(&line, ' ', &field[n]))
		n++;
	if (n < 5 || keys->n == KEYS_MAX || field[1].n != KEY_ID_BYTES || field[4].n > KEY_SOURCE_BYTES)
		return ERROR_CORRUPT;
	memset(stored, 0, sizeof *stored);
	stored->key.scope = text_equal(field[0], TEXT("secret")) ? KEY_SECRET : KEY_WRITE;
	memcpy(stored->key.id, field[1].p, field[1].n);
	memcpy(stored->key.source, field[4].p, field[4].n);
	if (text_to_int64(field[3], &stored->key.created_ms) != 0 ||
	    sodium_hex2bin(stored->hash, HASH_BYTES, field[2].p, field[2].n, NULL, &hash_n, NULL) != 0 || hash_n != HASH_BYTES)
		return ERROR_CORRUPT;
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
	struct keys *keys = memory_zero_alloc(1, sizeof *keys);
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

void keys_close(struct keys *keys)
{
	if (!keys)
		return;
	pthread_mutex_destroy(&keys->lock);
	sodium_memzero(keys, sizeof *keys);
	memory_free(keys);
}

size_t keys_count(const struct keys *keys, enum key_scope scope)
{
	size_t n = 0;
	for (size_t i = 0; i < keys->n; i++)
		n += keys->items[i].key.scope == scope;
	return n;
}

bool secret_equal(struct text a, struct text b)
{
	return a.n == b.n && a.n > 0 && sodium_memcmp(a.p, b.p, a.n) == 0;
}

static void hash_key(struct text text, uint8_t hash[HASH_BYTES])
{
	crypto_generichash(hash, HASH_BYTES, (const uint8_t *)text.p, text.n, NULL, 0);
}

static int keys_write(struct keys *keys, size_t n)
{
	struct buffer out = BUFFER_INIT(FILE_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		char hex[2 * HASH_BYTES + 1];
		const struct stored *stored = &keys->items[i];
		sodium_bin2hex(hex, sizeof hex, stored->hash, HASH_BYTES);
		buffer_format(&out, "%s %s %s %" PRId64 " %s\n", scope_name(stored->key.scope), stored->key.id, hex,
		              stored->key.created_ms, stored->key.source);
	}
	int error = out.failed ? ERROR_MEMORY : kept_file_write(keys->folder, &keys_file, buffer_view(&out));
	buffer_free(&out);
	return error;
}

int keys_add(struct keys *keys, enum key_scope scope, struct text source, char text[KEY_TEXT_BYTES])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	struct stored stored = {.key = {.scope = scope, .created_ms = clock_now_ms()}};
	char secret[SECRET_LETTERS + 1] = {0};
	if (source.n == 0 || source.n > KEY_SOURCE_BYTES || memchr(source.p, ' ', source.n) || memchr(source.p, '\n', source.n))
		return ERROR_INVALID;
	memcpy(stored.key.source, source.p, source.n);
	for (size_t i = 0; i < KEY_ID_BYTES; i++)
		stored.key.id[i] = "0123456789abcdef"[randombytes_uniform(16)];
	for (size_t i = 0; i < SECRET_LETTERS; i++)
		secret[i] = letters[randombytes_uniform(sizeof letters - 1)];
	snprintf(text, KEY_TEXT_BYTES, "at_%s_%s_%s", scope_name(scope), stored.key.id, secret);
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

const struct key *keys_find(struct keys *keys, struct text text)
{
	uint8_t hash[HASH_BYTES];
	struct text rest = text, part, id;
	if (text.n >= KEY_TEXT_BYTES || !text_next(&rest, '_', &part) || !text_equal(part, TEXT("at")) ||
	    !text_next(&rest, '_', &part) || !text_next(&rest, '_', &id) || id.n != KEY_ID_BYTES)
		return NULL;
	for (size_t i = 0, n = keys->n; i < n; i++) {
		const struct stored *stored = &keys->items[i];
		if (memcmp(stored->key.id, id.p, KEY_ID_BYTES) != 0)
			continue;
		hash_key(text, hash);
		if (secret_equal((struct text){(const char *)hash, HASH_BYTES}, (struct text){(const char *)stored->hash, HASH_BYTES}))
			return &stored->key;
	}
	return NULL;
}

const char *keys_signing_secret(const struct keys *keys)
{
	return keys->signing;
}

/* ---- tokens ---- */

static void base64(struct buffer *out, const void *bytes, size_t n)
{
	size_t room = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	if (!buffer_reserve(out, room))
		return;
	sodium_bin2base64(out->p + out->n, room, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	out->n += room - 1;
}

static void sign(const struct keys *keys, struct text message, uint8_t mac[crypto_auth_hmacsha256_BYTES])
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, (const uint8_t *)keys->signing, strlen(keys->signing));
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)message.p, message.n);
	crypto_auth_hmacsha256_final(&state, mac);
}

struct text keys_mark(const struct keys *keys, struct text message, char out[KEYS_MARK_BYTES])
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	sign(keys, message, mac);
	sodium_bin2base64(out, KEYS_MARK_BYTES, mac, sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return text_of(out);
}

int token_sign(struct keys *keys, struct arena *arena, struct text subject, int64_t expires_s, struct text *token)
{
	struct buffer out = BUFFER_INIT(TOKEN_BYTES_MAX), claims = BUFFER_INIT(TOKEN_BYTES_MAX);
	struct json_writer writer = JSON_WRITER(&claims);
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	json_object_begin(&writer);
	json_put_text(&writer, "sub", subject);
	json_put_int(&writer, "exp", expires_s);
	json_object_end(&writer);
	static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	base64(&out, head, sizeof head - 1);
	buffer_char(&out, '.');
	base64(&out, claims.p, claims.n);
	sign(keys, buffer_view(&out), mac);
	buffer_char(&out, '.');
	base64(&out, mac, sizeof mac);
	*token = out.failed || claims.failed ? (struct text){0} : text_copy(arena, buffer_view(&out));
	buffer_free(&out);
	buffer_free(&claims);
	return token->p ? 0 : ERROR_MEMORY;
}

static bool unbase64(struct text text, uint8_t *out, size_t max, size_t *n)
{
	return sodium_base642bin(out, max, text.p, text.n, NULL, n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

/* {"alg":"HS256"} and nothing else: a token never chooses how it is checked. */
static bool is_hs256(struct json_parser *parser, struct text head)
{
	uint8_t bytes[256];
	size_t n;
	struct json root;
	return unbase64(head, bytes, sizeof bytes, &n) && json_parse(parser, (struct text){(char *)bytes, n}, &root) == 0 &&
	       text_equal(json_text(json_get(root, TEXT("alg"))), TEXT("HS256"));
}

static int claims_read(struct json_parser *parser, struct arena *arena, struct text claims, int64_t now_ms, struct text *subject)
{
	uint8_t bytes[TOKEN_BYTES_MAX];
	size_t n;
	struct json root;
	int64_t expires;
	if (!unbase64(claims, bytes, sizeof bytes, &n) || json_parse(parser, (struct text){(char *)bytes, n}, &root) != 0)
		return ERROR_DENIED;
	if (!json_int(json_get(root, TEXT("exp")), &expires) || expires <= now_ms / 1000 || expires > now_ms / 1000 + TOKEN_SECONDS_MAX)
		return ERROR_DENIED;
	struct text who = json_text(json_get(root, TEXT("sub")));
	if (who.n == 0)
		return ERROR_DENIED;
	*subject = text_copy(arena, who);
	return subject->p ? 0 : ERROR_MEMORY;
}

int token_check(struct keys *keys, struct arena *arena, struct text token, int64_t now_ms, struct text *subject)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES], given[64];
	struct text rest = token, head, claims, signature;
	size_t n;
	if (token.n > TOKEN_BYTES_MAX || !text_next(&rest, '.', &head) || !text_next(&rest, '.', &claims) ||
	    !text_next(&rest, '.', &signature) || rest.p)
		return ERROR_DENIED;
	sign(keys, text_first(token, head.n + 1 + claims.n), mac);
	if (!unbase64(signature, given, sizeof given, &n) ||
	    !secret_equal((struct text){(const char *)given, n}, (struct text){(const char *)mac, sizeof mac}))
		return ERROR_DENIED;
	struct json_parser *parser = json_parser_new(TOKEN_BYTES_MAX, 8);
	if (!parser)
		return ERROR_MEMORY;
	int error = is_hs256(parser, head) ? claims_read(parser, arena, claims, now_ms, subject) : ERROR_DENIED;
	json_parser_free(parser);
	return error;
}
