/*
 * dedupe.h: which messages have been seen: hashes of messageIds, a table an hour of receipt.
 *
 * 8 bytes an event. Kept for 25 hours of receipt, which are not the wall clock's (receipt.h), or as long as bytes_max allows, whichever is less; the oldest hour goes first,
 * and dedupe_reach_ms says how far back it reaches. Two different ids with one 64-bit hash are taken for one: at 20
 * million events a day that happens about once in 90,000 days.
 */
#ifndef ATTUNE_ENGINE_DEDUPE_H
#define ATTUNE_ENGINE_DEDUPE_H

#include "engine/directory.h"

enum { DEDUPE_HOURS = 25 };

struct dedupe;

struct dedupe *dedupe_new(size_t bytes_max); /* NULL without memory. */
void dedupe_free(struct dedupe *dedupe);

/* The scope of the ids of @source's own systems: the same on every server, so that a copy of a customer brings along what it has seen. */
struct identifier_hash dedupe_scope(struct text source);

/*
 * The hash of @message_id within @scope: dedupe_scope for who is trusted, and a directory_hash for everybody else, who then cannot find an id
 * with the hash of another sender's, for they do not know the directory's key. Never 0.
 */
uint64_t dedupe_hash(struct identifier_hash scope, struct text message_id);

/* Note @hash as received at @received_ms; *@seen says whether it was there. Errors: ERROR_MEMORY. Threads: safe. */
int dedupe_note(struct dedupe *dedupe, uint64_t hash, int64_t received_ms, bool *seen) MUST_CHECK;

/* Fetch the memory that a coming dedupe_note will need. Threads: only while no other one uses @dedupe. */
void dedupe_fetch(const struct dedupe *dedupe, uint64_t hash, int64_t received_ms);

/* Take back a note that did not become an event. */
void dedupe_forget(struct dedupe *dedupe, uint64_t hash, int64_t received_ms);

int64_t dedupe_reach_ms(struct dedupe *dedupe, int64_t now_ms); /* How far back it knows, in ms before @now_ms. */
size_t dedupe_bytes(struct dedupe *dedupe);

#endif
