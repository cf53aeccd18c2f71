/*
 * keys.h: who may call: write keys, secret keys and customer tokens.
 *
 * A key looks like at_write_4f2a9c01_<32 letters>: its scope, a public id to find it by, and 160 random bits. Only a hash
 * is kept (FOLDER/keys, a line a key), so a key is shown once, when it is made. Write keys stand in web pages and are
 * public; secret keys decide and administer; a customer token is a JWT (HS256) that the company's own backend signs with
 * the signing secret: {"sub": "user:ana", "exp": seconds, ...}, valid for that one customer.
 */
#ifndef ATTUNE_SERVE_KEYS_H
#define ATTUNE_SERVE_KEYS_H

#include "base/memory.h"
#include "base/text.h"

enum key_scope { KEY_NONE = 0, KEY_WRITE = 1, KEY_SECRET = 2, KEY_CUSTOMER = 4 };
enum { KEY_TEXT_BYTES = 80, KEY_ID_BYTES = 8, KEY_SOURCE_BYTES = 40, KEYS_MAX = 1000, TOKEN_SECONDS_MAX = 24 * 3600 };

struct keys;

struct key {
	enum key_scope scope;
	char id[KEY_ID_BYTES + 1];
	char source[KEY_SOURCE_BYTES + 1]; /* The name of the source that uses it. */
	int64_t created_ms;
};

/* Read FOLDER/keys and FOLDER/signing-secret; both are made in a folder that never had them (kept_file.h). Errors: ERROR_IO,
 * ERROR_CORRUPT (damaged or lost), ERROR_MEMORY. */
int keys_open(struct keys **out, const char *folder) MUST_CHECK;
void keys_close(struct keys *keys);

size_t keys_count(const struct keys *keys, enum key_scope scope);

/* Make a key and store its hash durably; the key itself is written to @text. Errors: ERROR_LIMIT, ERROR_INVALID (source), ERROR_IO. */
int keys_add(struct keys *keys, enum key_scope scope, struct text source, char text[KEY_TEXT_BYTES]) MUST_CHECK;

/* The key that @text is, or NULL. Constant time in the secret. Threads: safe. */
const struct key *keys_find(struct keys *keys, struct text text);

/* Sign a token for @subject ("user:ana"). Written to @arena. Errors: ERROR_MEMORY. */
int token_sign(struct keys *keys, struct arena *arena, struct text subject, int64_t expires_s, struct text *token) MUST_CHECK;

/* The subject of a token that is well signed and not expired, copied to @arena. Errors: ERROR_DENIED, ERROR_MEMORY. */
int token_check(struct keys *keys, struct arena *arena, struct text token, int64_t now_ms, struct text *subject) MUST_CHECK;

/* A mark of @message that nobody without the signing secret can make: 43 letters of base64url, terminated. @message must
 * not be what a token signs: begin it with a word and a blank. */
enum { KEYS_MARK_BYTES = 44 };
struct text keys_mark(const struct keys *keys, struct text message, char out[KEYS_MARK_BYTES]);

/* Are two secrets, or hashes of them, the same and not empty? Takes as long wherever they differ: every comparison of
 * something secret goes through here. */
bool secret_equal(struct text a, struct text b);

/* Standard base64 into @out of at least @max bytes. */
bool base64_decode(struct text text, char *out, size_t max, size_t *n);

/* The signing secret in the clear, for the company's backend: 43 letters of base64url. */
const char *keys_signing_secret(const struct keys *keys);

#endif
