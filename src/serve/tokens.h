/*
 * tokens.h: customer tokens that have ended before their time.
 *
 * Three things end one: its customer's generation was raised (trust/generation.h), it was revoked by its id, or it came by an address and
 * was used once. The last two are a list in FOLDER/tokens-ended, hashes with the second until which they are kept: a token lives a day at
 * most. It holds TOKENS_ENDED_MAX; when it is full nothing more is revoked or let in by an address, rather than forgotten.
 */
#ifndef ATTUNE_SERVE_TOKENS_H
#define ATTUNE_SERVE_TOKENS_H

#include "serve/server.h"
#include "trust/generation.h"

enum { TOKENS_ENDED_MAX = 20000 };

struct tokens;

/* Errors: ERROR_IO, ERROR_CORRUPT (damaged or lost: kept_file.h), ERROR_MEMORY. */
int tokens_open(struct tokens **out, const char *folder) MUST_CHECK;
void tokens_close(struct tokens *tokens);

/* Note durably that @id has ended until @expires_s. *@again: it had already. Errors: ERROR_LIMIT (full), ERROR_IO, ERROR_FULL, ERROR_MEMORY. */
int tokens_end(struct tokens *tokens, const uint8_t id[TOKEN_ID_BYTES], int64_t expires_s, int64_t now_ms, bool *again) MUST_CHECK;
bool tokens_has_ended(struct tokens *tokens, const uint8_t id[TOKEN_ID_BYTES]);

/* What @text says, if it is a token that holds now: signed, not expired, not ended. Errors: ERROR_DENIED, ERROR_MEMORY. */
int request_token(struct request *request, struct text text, struct token *token) MUST_CHECK;

/*
 * End all tokens of the customer of @origin, with the sessions and streams they opened: the generation is raised to *@raised, and the audit
 * log says so. Errors: those of request_append.
 */
int request_tokens_end(struct request *request, uint32_t origin, struct generation *raised) MUST_CHECK;

/*
 * Does what let @caller in still hold at @now_ms: the key is not revoked, the token not expired nor ended? For what stays open: streams.
 * @caller is a copy that its owner keeps, and its subject with it. Staff: see session_marked. Threads: safe.
 */
bool token_is_valid_still(struct server *server, const struct caller *caller, int64_t now_ms);

/* The same for a caller by key or token of which only TOKEN_MARK_BYTES are kept: what opened a stream. @server is a struct server. */
enum { TOKEN_MARK_BYTES = 32 };
void token_mark(struct server *server, const struct caller *caller, uint8_t mark[TOKEN_MARK_BYTES]);
bool token_mark_holds(void *server, const uint8_t *mark);

#endif
