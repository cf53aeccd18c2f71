/* signed_token.c: what is signed with the signing secret: customer tokens, and marks of forms. */
#include "serve/keys.h"

#include "base/clock.h"
#include "base/json.h"

#include <sodium.h>
#include <string.h>

enum { TOKEN_BYTES_MAX = 2000 };

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
	crypto_auth_hmacsha256_init(&state, (const uint8_t *)keys_signing_secret(keys), strlen(keys_signing_secret(keys)));
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
	uint8_t mac[crypto_auth_hmacsha256_BYTES], random[TOKEN_ID_BYTES];
	char jti[2 * TOKEN_ID_BYTES + 1];
	json_object_begin(&writer);
	json_put_text(&writer, "sub", subject);
	json_put_int(&writer, "exp", expires_s);
	json_put_int(&writer, "iat", clock_now_ms() / 1000);
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(jti, sizeof jti, random, sizeof random);
	json_put_text(&writer, "jti", text_of(jti));
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

void token_id(struct text jti, uint8_t id[TOKEN_ID_BYTES])
{
	memset(id, 0, TOKEN_ID_BYTES);
	if (jti.n)
		crypto_generichash(id, TOKEN_ID_BYTES, (const uint8_t *)jti.p, jti.n, NULL, 0);
}

/* A time in a claim is whole seconds; a clock of the company's that is a little ahead is believed. */
static int claims_read(struct json_parser *parser, struct arena *arena, struct text claims, int64_t now_ms, struct token *token)
{
	enum { AHEAD_S = 300 };
	uint8_t bytes[TOKEN_BYTES_MAX];
	size_t n;
	struct json root;
	const int64_t now_s = now_ms / 1000;
	*token = (struct token){.generation = -1};
	if (!unbase64(claims, bytes, sizeof bytes, &n) || json_parse(parser, (struct text){(char *)bytes, n}, &root) != 0)
		return ERROR_DENIED;
	if (!json_int(json_get(root, TEXT("exp")), &token->expires_s) || token->expires_s <= now_s || token->expires_s > now_s + TOKEN_SECONDS_MAX)
		return ERROR_DENIED;
	struct json issued = json_get(root, TEXT("iat")), generation = json_get(root, TEXT("gen")), jti = json_get(root, TEXT("jti"));
	token->issued_s = token->expires_s - TOKEN_SECONDS_MAX;
	if (json_type_of(issued) > JSON_NULL && (!json_int(issued, &token->issued_s) || token->issued_s > now_s + AHEAD_S))
		return ERROR_DENIED;
	if (json_type_of(generation) > JSON_NULL && (!json_int(generation, &token->generation) || token->generation < 0))
		return ERROR_DENIED;
	if (json_type_of(jti) > JSON_NULL && (json_text(jti).n == 0 || json_text(jti).n > TOKEN_ID_TEXT_MAX))
		return ERROR_DENIED;
	token_id(json_text(jti), token->id);
	struct text who = json_text(json_get(root, TEXT("sub")));
	if (who.n == 0)
		return ERROR_DENIED;
	token->subject = text_copy(arena, who);
	return token->subject.p ? 0 : ERROR_MEMORY;
}

int token_check(struct keys *keys, struct arena *arena, struct text text, int64_t now_ms, struct token *token)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES], given[64];
	struct text rest = text, head, claims, signature;
	size_t n;
	if (text.n > TOKEN_BYTES_MAX || !text_next(&rest, '.', &head) || !text_next(&rest, '.', &claims) ||
	    !text_next(&rest, '.', &signature) || rest.p)
		return ERROR_DENIED;
	sign(keys, text_first(text, head.n + 1 + claims.n), mac);
	if (!unbase64(signature, given, sizeof given, &n) ||
	    !secret_equal((struct text){(const char *)given, n}, (struct text){(const char *)mac, sizeof mac}))
		return ERROR_DENIED;
	struct json_parser *parser = json_parser_new(TOKEN_BYTES_MAX, 8);
	if (!parser)
		return ERROR_MEMORY;
	int error = is_hs256(parser, head) ? claims_read(parser, arena, claims, now_ms, token) : ERROR_DENIED;
	json_parser_free(parser);
	return error;
}
