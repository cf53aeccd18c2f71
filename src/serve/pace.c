/* pace.c: two tables of fixed size: buckets as the time when they are full again, and tries with their pauses. */
#include "serve/pace.h"

#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define MINUTE_NS INT64_C(60000000000)
#define NS_A_MS INT64_C(1000000)

enum { SET = 8, SETS = PACE_PLACES / SET, DOUBLINGS_MAX = 20 };

struct bucket {
	uint64_t who;               /* 0: free. */
	int64_t full_ns;            /* When it will be full again, were nothing more taken. */
};

struct tries {
	uint64_t who;
	int64_t until_ms, last_ms;  /* The end of the pause; when the last try was made. */
	uint32_t wrong;
};

struct pace {
	pthread_mutex_t lock;
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct bucket buckets[PACE_PLACES];
	struct tries tries[PACE_PLACES];
};

int pace_open(struct pace **out)
{
	struct pace *pace = memory_zero_alloc(1, sizeof *pace);
	if (!pace)
		return ERROR_MEMORY;
	pthread_mutex_init(&pace->lock, NULL);
	crypto_shorthash_keygen(pace->key);
	*out = pace;
	return 0;
}

void pace_close(struct pace *pace)
{
	if (!pace)
		return;
	pthread_mutex_destroy(&pace->lock);
	memory_free(pace);
}

uint64_t pace_mark(const struct pace *pace, struct text kind, struct text who)
{
	uint8_t first[crypto_shorthash_BYTES], second[crypto_shorthash_BYTES];
	uint64_t a, b;
	crypto_shorthash(first, (const uint8_t *)kind.p, kind.n, pace->key);
	crypto_shorthash(second, (const uint8_t *)(who.p ? who.p : ""), who.n, pace->key);
	memcpy(&a, first, sizeof a);
	memcpy(&b, second, sizeof b);
	uint64_t hash = b ^ (a << 1 | a >> 63);
	return hash ? hash : 1;
}

/* Its place, or that of the one in its set that will be full first. */
static struct bucket *bucket_of(struct pace *pace, uint64_t who)
{
	struct bucket *set = &pace->buckets[who % SETS * SET], *least = set;
	for (size_t i = 0; i < SET; i++) {
		if (set[i].who == who)
			return &set[i];
		if (set[i].full_ns < least->full_ns)
			least = &set[i];
	}
	*least = (struct bucket){.who = who};
	return least;
}

static int64_t bucket_ask(struct pace *pace, uint64_t hash, int64_t n, int64_t a_minute, int64_t now_ms, bool take)
{
	int64_t now_ns = now_ms * NS_A_MS, most = a_minute > 0 ? a_minute : 1;
	double each_ns = (double)MINUTE_NS / (double)most;
	int64_t wanted_ns = n < most ? (int64_t)(each_ns * (double)n) : MINUTE_NS;
	pthread_mutex_lock(&pace->lock);
	struct bucket *bucket = bucket_of(pace, hash);
	int64_t full_ns = (bucket->full_ns > now_ns ? bucket->full_ns : now_ns) + wanted_ns;
	int64_t wait_ns = full_ns - now_ns - MINUTE_NS;
	if (wait_ns <= 0 && take)
		bucket->full_ns = full_ns;
	pthread_mutex_unlock(&pace->lock);
	return wait_ns <= 0 ? 0 : (wait_ns + NS_A_MS - 1) / NS_A_MS;
}

int64_t pace_take(struct pace *pace, struct text kind, struct text who, int64_t n, int64_t a_minute, int64_t now_ms)
{
	return bucket_ask(pace, pace_mark(pace, kind, who), n, a_minute, now_ms, true);
}

int64_t pace_look(struct pace *pace, struct text kind, struct text who, int64_t n, int64_t a_minute, int64_t now_ms)
{
	return bucket_ask(pace, pace_mark(pace, kind, who), n, a_minute, now_ms, false);
}

static struct tries *tries_of(struct pace *pace, uint64_t who)
{
	struct tries *set = &pace->tries[who % SETS * SET], *least = set;
	for (size_t i = 0; i < SET; i++) {
		if (set[i].who == who)
			return &set[i];
		if (set[i].wrong < least->wrong || (set[i].wrong == least->wrong && set[i].last_ms < least->last_ms))
			least = &set[i];
	}
	*least = (struct tries){.who = who};
	return least;
}

static void forget(struct tries *tries, int64_t now_ms)
{
	int64_t n = now_ms > tries->last_ms ? (now_ms - tries->last_ms) / TRIES_FORGET_MS : 0;
	if (tries->wrong == 0 || n <= 0)
		return;
	tries->wrong = n < tries->wrong ? tries->wrong - (uint32_t)n : 0;
	tries->last_ms += n * TRIES_FORGET_MS;
}

static int64_t pause_of(uint32_t wrong, int64_t pause_ms_max)
{
	if (wrong <= TRIES_FREE)
		return 0;
	uint32_t doublings = wrong - TRIES_FREE - 1;
	int64_t pause = (int64_t)TRIES_PAUSE_MS << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
	return pause < pause_ms_max ? pause : pause_ms_max;
}

int64_t pace_try(struct pace *pace, struct text kind, struct text who, int64_t pause_ms_max, int64_t now_ms)
{
	uint64_t hash = pace_mark(pace, kind, who);
	pthread_mutex_lock(&pace->lock);
	struct tries *tries = tries_of(pace, hash);
	int64_t wait = tries->until_ms - now_ms;
	if (wait <= 0) {
		forget(tries, now_ms);
		tries->wrong++;
		tries->last_ms = now_ms;
		tries->until_ms = now_ms + pause_of(tries->wrong, pause_ms_max);
	}
	pthread_mutex_unlock(&pace->lock);
	return wait > 0 ? wait : 0;
}

void pace_wrong(struct pace *pace, struct text kind, struct text who, int64_t pause_ms_max, int64_t now_ms)
{
	uint64_t hash = pace_mark(pace, kind, who);
	pthread_mutex_lock(&pace->lock);
	struct tries *tries = tries_of(pace, hash);
	if (now_ms + pause_of(tries->wrong, pause_ms_max) > tries->until_ms)
		tries->until_ms = now_ms + pause_of(tries->wrong, pause_ms_max);
	pthread_mutex_unlock(&pace->lock);
}

void pace_right(struct pace *pace, struct text kind, struct text who, bool all)
{
	uint64_t hash = pace_mark(pace, kind, who);
	pthread_mutex_lock(&pace->lock);
	struct tries *tries = tries_of(pace, hash);
	tries->wrong = all || tries->wrong == 0 ? 0 : tries->wrong - 1;
	tries->until_ms = 0;
	pthread_mutex_unlock(&pace->lock);
}
