/* tokens.c: which customer tokens have ended, and ending them. */
#include "serve/tokens.h"

#include "base/checked_file.h"
#include "base/kept_file.h"
#include "serve/api.h"
#include "serve/hub.h"
#include "serve/noted.h"
#include "trust/generation.h"
#include "trust/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 2 * TOKEN_ID_BYTES + 24 };

static const struct kept_file ended_file = {"tokens-ended", "tokens that were revoked would let in again", "a backup"};

/* Found by the first bytes of the id, which is a hash. */
enum { BUCKETS = 4096 };

struct ended {
	uint8_t id[TOKEN_ID_BYTES];
	int64_t expires_s;
	uint32_t next; /* In its bucket: one more than its index; 0: none. */
};

struct tokens {
	char folder[4096];
	pthread_mutex_t lock; /* Protects what follows. */
	struct ended items[TOKENS_ENDED_MAX];
	size_t n;
	uint32_t buckets[BUCKETS];
};

static uint32_t *bucket_of(struct tokens *tokens, const uint8_t id[TOKEN_ID_BYTES])
{
	return &tokens->buckets[(id[0] | id[1] << 8) % BUCKETS];
}

static void item_add(struct tokens *tokens, const uint8_t id[TOKEN_ID_BYTES], int64_t expires_s)
{
	uint32_t *bucket = bucket_of(tokens, id);
	struct ended *ended = &tokens->items[tokens->n++];
	memcpy(ended->id, id, TOKEN_ID_BYTES);
	ended->expires_s = expires_s;
	ended->next = *bucket;
	*bucket = (uint32_t)tokens->n;
}

/* What was added last. */
static void item_take_back(struct tokens *tokens)
{
	const struct ended *ended = &tokens->items[--tokens->n];
	*bucket_of(tokens, ended->id) = ended->next;
}

static void expired_drop(struct tokens *tokens, int64_t now_s)
{
	size_t n = tokens->n;
	tokens->n = 0;
	memset(tokens->buckets, 0, sizeof tokens->buckets);
	for (size_t i = 0; i < n; i++) {
		const struct ended ended = tokens->items[i];
		if (ended.expires_s > now_s)
			item_add(tokens, ended.id, ended.expires_s);
	}
}

/* ---- the list ---- */

static bool line_read(struct tokens *tokens, struct text line)
{
	struct text hex;
	uint8_t id[TOKEN_ID_BYTES];
	int64_t expires_s;
	size_t n;
	if (tokens->n == TOKENS_ENDED_MAX || !text_next(&line, ' ', &hex) || text_to_int64(line, &expires_s) != 0 ||
	    sodium_hex2bin(id, TOKEN_ID_BYTES, hex.p, hex.n, NULL, &n, NULL) != 0 || n != TOKEN_ID_BYTES)
		return false;
	item_add(tokens, id, expires_s);
	return true;
}

static int tokens_write(const struct tokens *tokens)
{
	struct buffer out = BUFFER_INIT(TOKENS_ENDED_MAX * LINE_BYTES);
	for (size_t i = 0; i < tokens->n; i++) {
		char hex[2 * TOKEN_ID_BYTES + 1];
		sodium_bin2hex(hex, sizeof hex, tokens->items[i].id, TOKEN_ID_BYTES);
		buffer_format(&out, "%s %" PRId64 "\n", hex, tokens->items[i].expires_s);
	}
	int error = out.failed ? ERROR_MEMORY : kept_file_write(tokens->folder, &ended_file, buffer_view(&out));
	buffer_free(&out);
	return error;
}

int tokens_open(struct tokens **out, const char *folder)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	struct tokens *tokens = memory_zero_alloc(1, sizeof *tokens);
	if (!tokens)
		return ERROR_MEMORY;
	pthread_mutex_init(&tokens->lock, NULL);
	snprintf(tokens->folder, sizeof tokens->folder, "%s", folder);
	int error = kept_file_read(folder, &ended_file, &content);
	struct text rest = error ? (struct text){0} : buffer_view(&content), line;
	while (!error && rest.n && text_next(&rest, '\n', &line))
		if (line.n && !line_read(tokens, line))
			error = kept_file_refuse(&ended_file, "not of this version");
	buffer_free(&content);
	if (error == ERROR_NOT_FOUND) /* Made at once, so that losing it is noticed. */
		error = tokens_write(tokens);
	if (error)
		tokens_close(tokens);
	else
		*out = tokens;
	return error;
}

void tokens_close(struct tokens *tokens)
{
	if (!tokens)
		return;
	pthread_mutex_destroy(&tokens->lock);
	memory_free(tokens);
}

static bool has_ended(struct tokens *tokens, const uint8_t id[TOKEN_ID_BYTES])
{
	for (uint32_t at = *bucket_of(tokens, id); at; at = tokens->items[at - 1].next)
		if (memcmp(tokens->items[at - 1].id, id, TOKEN_ID_BYTES) == 0)
			return true;
	return false;
}

int tokens_end(struct tokens *tokens, const uint8_t id[TOKEN_ID_BYTES], int64_t expires_s, int64_t now_ms, bool *again)
{
	int error = 0;
	pthread_mutex_lock(&tokens->lock);
	expired_drop(tokens, now_ms / 1000);
	bool before = has_ended(tokens, id);
	if (!before && tokens->n == TOKENS_ENDED_MAX)
		error = ERROR_LIMIT;
	if (!before && !error) {
		item_add(tokens, id, expires_s);
		error = tokens_write(tokens);
		if (error)
			item_take_back(tokens);
	}
	pthread_mutex_unlock(&tokens->lock);
	if (!error)
		*again = before;
	return error;
}

bool tokens_has_ended(struct tokens *tokens, const uint8_t id[TOKEN_ID_BYTES])
{
	pthread_mutex_lock(&tokens->lock);
	bool found = tokens->n && has_ended(tokens, id);
	pthread_mutex_unlock(&tokens->lock);
	return found;
}

/* ---- does one hold ---- */

/* As it stands, without folding anything again: the fold is one that is applied at once. */
static struct generation generation_read(struct server *server, uint32_t origin)
{
	struct generation generation = {0};
	struct customer *customer = origin ? customer_lock_of(server->engine, origin) : NULL;
	if (!customer)
		return generation;
	generation = generation_of(reader_service(server->engine, customer, &generation_fold));
	customer_unlock(server->engine, customer);
	return generation;
}

static bool holds(struct server *server, const struct token *token)
{
	static const uint8_t none[TOKEN_ID_BYTES];
	if (memcmp(token->id, none, TOKEN_ID_BYTES) != 0 && tokens_has_ended(server->tokens, token->id))
		return false;
	return generation_allows(generation_read(server, customer_named(server, token->subject)), token->generation, token->issued_s);
}

int request_token(struct request *request, struct text text, struct token *token)
{
	int error = token_check(request->server->keys, request->arena, text, request->now_ms, token);
	return error ? error : holds(request->server, token) ? 0 : ERROR_DENIED;
}

bool token_is_valid_still(struct server *server, const struct caller *caller, int64_t now_ms)
{
	if (caller->key)
		return !caller->key->revoked_ms;
	if (caller->scope != KEY_CUSTOMER)
		return true;
	struct token token = caller->token;
	token.subject = caller->subject;
	return token.expires_s > now_ms / 1000 && holds(server, &token);
}

/* Of a key only @key is set. */
struct mark {
	uint32_t origin;
	int32_t generation;
	union {
		int64_t issued_s;
		const struct key *key;
	};
	uint8_t id[TOKEN_ID_BYTES];
};
static_assert(sizeof(struct mark) == TOKEN_MARK_BYTES, "A mark is kept as so many bytes.");

void token_mark(struct server *server, const struct caller *caller, uint8_t out[TOKEN_MARK_BYTES])
{
	struct mark mark = {0};
	if (caller->key) {
		mark.key = caller->key;
	} else {
		mark.origin = customer_named(server, caller->subject);
		mark.generation = (int32_t)(caller->token.generation < INT32_MAX ? caller->token.generation : INT32_MAX);
		mark.issued_s = caller->token.issued_s;
		memcpy(mark.id, caller->token.id, TOKEN_ID_BYTES);
	}
	memcpy(out, &mark, sizeof mark);
}

bool token_mark_holds(void *arg, const uint8_t *bytes)
{
	static const uint8_t none[TOKEN_ID_BYTES];
	struct server *server = arg;
	struct mark mark;
	memcpy(&mark, bytes, sizeof mark);
	if (mark.origin == 0)
		return !mark.key->revoked_ms;
	return atomic_load(&engine_origin(server->engine, mark.origin)->customer) != 0 && /* Else it was erased. */
	       (memcmp(mark.id, none, TOKEN_ID_BYTES) == 0 || !tokens_has_ended(server->tokens, mark.id)) &&
	       generation_allows(generation_read(server, mark.origin), mark.generation, mark.issued_s);
}

/* ---- ending them ---- */

static int generation_raise(struct request *request, uint32_t origin, struct generation *raised)
{
	struct buffer payload = BUFFER_INIT(64);
	uint64_t position;
	*raised = generation_read(request->server, origin);
	raised->number++;
	raised->raised_ms = request->now_ms;
	struct engine_write write = {.header = request_header(request, EVENT_GENERATION, CHANNEL_NONE)};
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("generation"));
	value_put_int(&payload, raised->number);
	value_close(&payload, object);
	write.payload = buffer_view(&payload);
	int error = payload.failed ? ERROR_MEMORY : request_append(request, origin, &write, &position);
	buffer_free(&payload);
	return error;
}

int request_tokens_end(struct request *request, uint32_t origin, struct generation *raised)
{
	int error = generation_raise(request, origin, raised);
	if (error)
		return error;
	hub_review(request->server->hub);
	noted_act(request, &(struct noted){.what = AUDIT_KEYS, .origin = origin, .words = TEXT("ended all tokens of the customer"), .durable = true});
	return 0;
}

void api_tokens_revoke(struct request *request)
{
	struct generation raised;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin)
		return;
	int error = request_tokens_end(request, origin, &raised);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_put_int(&request->out, "generation", raised.number);
	json_put_time(&request->out, "since", raised.raised_ms);
	json_object_end(&request->out);
}

void api_token_delete(struct request *request)
{
	uint8_t id[TOKEN_ID_BYTES];
	bool again;
	struct text jti = request->parameters[0];
	if (jti.n == 0 || jti.n > TOKEN_ID_TEXT_MAX)
		return reply_error(request, 400, "no_token", "The path must end with the token's id, its \"jti\", of at most %d bytes.", TOKEN_ID_TEXT_MAX);
	token_id(jti, id);
	int error = tokens_end(request->server->tokens, id, request->now_ms / 1000 + TOKEN_SECONDS_MAX, request->now_ms, &again);
	if (error == ERROR_LIMIT)
		return reply_error(request, 409, "too_many_tokens", "%d tokens have ended within a day: end all of a customer with POST /v1/customers/{cid}/tokens/revoke.", TOKENS_ENDED_MAX);
	if (error)
		return reply_failure(request, error);
	hub_review(request->server->hub);
	noted_act(request, &(struct noted){.what = AUDIT_KEYS, .words = TEXT("ended one token"), .durable = true});
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_object_end(&request->out);
}
