/*
 * keys.h: who may call: write keys, secret keys and customer tokens.
 *
 * A key has a name for people, may be limited to some routes, and can be revoked: then it opens nothing any more, and stays in the list. When it
 * was used last is known to the day; that is written with the next change of the file or a stop.
 *
 * A key looks like at_write_4f2a9c01_<32 letters>: its scope, a public id to find it by, and 160 random bits. Only a hash
 * is kept (FOLDER/keys, a line a key), so a key is shown once, when it is made. Write keys stand in web pages and are
 * public; secret keys decide and administer; a customer token is a JWT (HS256) that the company's own backend signs with
 * the signing secret: {"sub": "user:ana", "exp": seconds, ...}, valid for that one customer. It may also say "iat" (when it was
 * issued), "jti" (an id, by which it alone can be revoked) and "gen" (the customer's generation, see trust/generation.h).
 */
#ifndef ATTUNE_SERVE_KEYS_H
#define ATTUNE_SERVE_KEYS_H

#include "base/memory.h"
#include "base/text.h"

enum key_scope { KEY_NONE = 0, KEY_WRITE = 1, KEY_SECRET = 2, KEY_CUSTOMER = 4 };
enum { KEY_TEXT_BYTES = 80, KEY_ID_BYTES = 8, KEY_SOURCE_BYTES = 40, KEY_NAME_BYTES = 80, KEY_ROUTES_BYTES = 300, KEYS_MAX = 1000 /* With those revoked. */, TOKEN_SECONDS_MAX = 24 * 3600 };

struct keys;

struct key {
	enum key_scope scope;
	char id[KEY_ID_BYTES + 1];
	char source[KEY_SOURCE_BYTES + 1]; /* The name of the source that uses it. */
	char name[KEY_NAME_BYTES + 1];     /* What it is for. */
	char routes[KEY_ROUTES_BYTES + 1]; /* Of paths ("/v1/customers") and groups of routes, with commas between; empty: all that its scope opens. */
	int64_t created_ms;
	int64_t events_a_minute, bytes_a_minute; /* 0: as the settings say. */
	_Atomic int64_t revoked_ms;        /* 0: it is not. */
	_Atomic int64_t used_day;          /* Days since 1970 of its last use; 0: never. */
};

/* Read FOLDER/keys and FOLDER/signing-secret; both are made in a folder that never had them (kept_file.h). Errors: ERROR_IO,
 * ERROR_CORRUPT (damaged or lost), ERROR_MEMORY. */
int keys_open(struct keys **out, const char *folder) MUST_CHECK;
void keys_close(struct keys *keys);

/* Keys of @scope that are not revoked. */
size_t keys_count(const struct keys *keys, enum key_scope scope);

/* How many there are, with those revoked. */
size_t keys_n(const struct keys *keys);

/* The @i-th key in the order they were made; NULL beyond the last. It stays as long as @keys. */
const struct key *keys_at(const struct keys *keys, size_t i);

/* What a new key is. Empty name: that of its source. */
struct key_made {
	enum key_scope scope;
	struct text source, name, routes;
	int64_t events_a_minute, bytes_a_minute;
};

/*
 * Make a key and store its hash durably; the key itself is written to @text. Errors: ERROR_LIMIT, ERROR_INVALID (a source of other than 1 to
 * KEY_SOURCE_BYTES letters without blanks, a name that is too long or has control characters, routes that are none), ERROR_IO, ERROR_FULL.
 */
int keys_add(struct keys *keys, const struct key_made *made, char text[KEY_TEXT_BYTES]) MUST_CHECK;

/*
 * Revoke the key with @id, durably; again is no error. The last secret key that is not limited stays, unless @others_administer.
 * Errors: ERROR_NOT_FOUND, ERROR_CONFLICT (the last one), ERROR_IO, ERROR_FULL.
 */
int keys_revoke(struct keys *keys, struct text id, bool others_administer, int64_t now_ms) MUST_CHECK;

/* The key that @text is and that is not revoked, or NULL. Constant time in the secret. Threads: safe. */
const struct key *keys_find(struct keys *keys, struct text text, int64_t now_ms);

/* Are all entries of @routes groups or absolute paths? */
bool key_routes_fit(struct text routes);

/* Do the routes that @key is limited to include this one? True when it is not limited. */
bool key_opens(const struct key *key, struct text path, bool reads);

/* Is @path @prefix, or below it? */
bool key_path_is_below(struct text path, struct text prefix);

/* The members of @key, into an open object; never its secret. */
struct json_writer;
void key_members_write(struct json_writer *out, const struct key *key);

/* Write when keys were used last. Errors: ERROR_IO, ERROR_FULL. */
int keys_flush(struct keys *keys) MUST_CHECK;

enum { TOKEN_ID_BYTES = 16, TOKEN_ID_TEXT_MAX = 200 };

/* What a token says. */
struct token {
	struct text subject;
	int64_t expires_s, issued_s; /* Issued: as it says, else 24 hours before it expires. */
	int64_t generation;          /* -1: it does not say. */
	uint8_t id[TOKEN_ID_BYTES];  /* A hash of its "jti"; zeros: it has none. */
};

/* The hash that stands for a "jti"; zeros for the empty text. */
void token_id(struct text jti, uint8_t id[TOKEN_ID_BYTES]);

/* Sign a token for @subject ("user:ana"), with an id of its own. Written to @arena. Errors: ERROR_MEMORY. */
int token_sign(struct keys *keys, struct arena *arena, struct text subject, int64_t expires_s, struct text *token) MUST_CHECK;

/* What a token says that is well signed and not expired; its subject is copied to @arena. Whether it was revoked: tokens.h.
 * Errors: ERROR_DENIED, ERROR_MEMORY. */
int token_check(struct keys *keys, struct arena *arena, struct text text, int64_t now_ms, struct token *token) MUST_CHECK;

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
