/* session.c: a bounded table of sessions, in the order of their use. */
#include "serve/session.h"

#include "base/memory.h"
#include "serve/keys.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum { CHAINS = 16384, NONE = 0 }; /* Places are numbered from 1. */

struct place {
	struct session session;
	int64_t began_ms, used_ms;
	uint32_t chain_next;         /* Of sessions whose marks begin alike; of free places. */
	uint32_t older, newer;       /* By last use. */
};

struct sessions {
	pthread_mutex_t lock;
	struct place *places;        /* SESSIONS_MAX + 1. */
	uint32_t chains[CHAINS];
	uint32_t oldest, newest, free;
	size_t n;
};

static void mark_of(struct text id, uint8_t mark[SESSION_MARK_BYTES])
{
	crypto_generichash(mark, SESSION_MARK_BYTES, (const uint8_t *)id.p, id.n, NULL, 0);
}

static uint32_t *chain_of(struct sessions *sessions, const uint8_t mark[SESSION_MARK_BYTES])
{
	return &sessions->chains[(mark[0] | (uint32_t)mark[1] << 8) % CHAINS];
}

static void order_take(struct sessions *sessions, uint32_t at)
{
	struct place *place = &sessions->places[at];
	*(place->older ? &sessions->places[place->older].newer : &sessions->oldest) = place->newer;
	*(place->newer ? &sessions->places[place->newer].older : &sessions->newest) = place->older;
}

static void order_add(struct sessions *sessions, uint32_t at)
{
	struct place *place = &sessions->places[at];
	place->older = sessions->newest;
	place->newer = NONE;
	*(sessions->newest ? &sessions->places[sessions->newest].newer : &sessions->oldest) = at;
	sessions->newest = at;
}

static uint32_t find(struct sessions *sessions, const uint8_t mark[SESSION_MARK_BYTES])
{
	uint32_t at = *chain_of(sessions, mark);
	while (at && !secret_equal((struct text){(const char *)sessions->places[at].session.mark, SESSION_MARK_BYTES},
	                           (struct text){(const char *)mark, SESSION_MARK_BYTES}))
		at = sessions->places[at].chain_next;
	return at;
}

static void drop(struct sessions *sessions, uint32_t at)
{
	struct place *place = &sessions->places[at];
	uint32_t *link = chain_of(sessions, place->session.mark);
	while (*link != at)
		link = &sessions->places[*link].chain_next;
	*link = place->chain_next;
	order_take(sessions, at);
	*place = (struct place){.chain_next = sessions->free};
	sessions->free = at;
	assert(sessions->n > 0);
	sessions->n--;
}

static bool is_over(const struct place *place, int64_t now_ms)
{
	return now_ms - place->used_ms >= SESSION_IDLE_MS || now_ms - place->began_ms >= SESSION_MS;
}

int sessions_open(struct sessions **out)
{
	struct sessions *sessions = memory_zero_alloc(1, sizeof *sessions);
	struct place *places = memory_zero_alloc(SESSIONS_MAX + 1, sizeof *places);
	if (!sessions || !places) {
		memory_free(sessions);
		memory_free(places);
		return ERROR_MEMORY;
	}
	pthread_mutex_init(&sessions->lock, NULL);
	sessions->places = places;
	for (uint32_t at = SESSIONS_MAX; at > 0; at--) {
		places[at].chain_next = sessions->free;
		sessions->free = at;
	}
	*out = sessions;
	return 0;
}

void sessions_close(struct sessions *sessions)
{
	if (!sessions)
		return;
	pthread_mutex_destroy(&sessions->lock);
	sodium_memzero(sessions->places, (SESSIONS_MAX + 1) * sizeof *sessions->places);
	memory_free(sessions->places);
	memory_free(sessions);
}

void session_begin(struct sessions *sessions, const struct account *account, int64_t now_ms, char id[SESSION_ID_BYTES])
{
	uint8_t random[32];
	struct session session = {.roles = account->roles, .changed_ms = account->changed_ms};
	randombytes_buf(random, sizeof random);
	sodium_bin2base64(id, SESSION_ID_BYTES, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(random, sizeof random);
	memcpy(session.name, account->name, sizeof session.name);
	mark_of(text_of(id), session.mark);
	pthread_mutex_lock(&sessions->lock);
	if (!sessions->free)
		drop(sessions, sessions->oldest);
	uint32_t at = sessions->free, *chain = chain_of(sessions, session.mark);
	struct place *place = &sessions->places[at];
	sessions->free = place->chain_next;
	*place = (struct place){.session = session, .began_ms = now_ms, .used_ms = now_ms, .chain_next = *chain};
	*chain = at;
	order_add(sessions, at);
	sessions->n++;
	pthread_mutex_unlock(&sessions->lock);
}

/* The session at a mark, dropped when it is over. Under the lock. */
static uint32_t find_alive(struct sessions *sessions, const uint8_t mark[SESSION_MARK_BYTES], int64_t now_ms)
{
	uint32_t at = find(sessions, mark);
	if (!at || !is_over(&sessions->places[at], now_ms))
		return at;
	drop(sessions, at);
	return NONE;
}

bool session_find(struct sessions *sessions, struct text id, int64_t now_ms, struct session *out)
{
	uint8_t mark[SESSION_MARK_BYTES];
	if (id.n != SESSION_ID_BYTES - 1)
		return false;
	mark_of(id, mark);
	pthread_mutex_lock(&sessions->lock);
	uint32_t at = find_alive(sessions, mark, now_ms);
	if (at) {
		struct place *place = &sessions->places[at];
		place->used_ms = now_ms;
		order_take(sessions, at);
		order_add(sessions, at);
		*out = place->session;
	}
	pthread_mutex_unlock(&sessions->lock);
	return at != NONE;
}

bool session_marked(struct sessions *sessions, const uint8_t mark[SESSION_MARK_BYTES], int64_t now_ms, struct session *out)
{
	pthread_mutex_lock(&sessions->lock);
	uint32_t at = find_alive(sessions, mark, now_ms);
	if (at)
		*out = sessions->places[at].session;
	pthread_mutex_unlock(&sessions->lock);
	return at != NONE;
}

void session_end(struct sessions *sessions, struct text id)
{
	uint8_t mark[SESSION_MARK_BYTES];
	mark_of(id, mark);
	pthread_mutex_lock(&sessions->lock);
	uint32_t at = find(sessions, mark);
	if (at)
		drop(sessions, at);
	pthread_mutex_unlock(&sessions->lock);
}

size_t sessions_count(struct sessions *sessions)
{
	pthread_mutex_lock(&sessions->lock);
	size_t n = sessions->n;
	pthread_mutex_unlock(&sessions->lock);
	return n;
}

size_t sessions_end_of(struct sessions *sessions, struct text name)
{
	size_t n = 0;
	pthread_mutex_lock(&sessions->lock);
	for (uint32_t at = sessions->oldest, newer; at != NONE; at = newer) {
		newer = sessions->places[at].newer;
		if (!text_equal(text_of(sessions->places[at].session.name), name))
			continue;
		drop(sessions, at);
		n++;
	}
	pthread_mutex_unlock(&sessions->lock);
	return n;
}

size_t sessions_of(struct sessions *sessions, struct text name, int64_t now_ms)
{
	size_t n = 0;
	pthread_mutex_lock(&sessions->lock);
	for (uint32_t at = sessions->oldest; at != NONE; at = sessions->places[at].newer)
		n += text_equal(text_of(sessions->places[at].session.name), name) && !is_over(&sessions->places[at], now_ms);
	pthread_mutex_unlock(&sessions->lock);
	return n;
}
