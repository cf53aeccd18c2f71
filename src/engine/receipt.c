/* receipt.c: hours that are not the wall clock's. */
#include "engine/receipt.h"

#include "base/clock.h"

enum { NS_A_MS = 1000000 };

void receipt_start(struct receipt *receipt, int64_t newest_ms, struct receipt_now now)
{
	pthread_mutex_init(&receipt->lock, NULL);
	receipt->wall_ms = now.wall_ms;
	receipt->steady_ms = now.steady_ms;
	receipt->minutes = newest_ms ? (int32_t)((newest_ms - now.wall_ms) / MS_A_MINUTE) : 0;
}

int32_t receipt_minutes(struct receipt *receipt)
{
	return atomic_load_explicit(&receipt->minutes, memory_order_relaxed);
}

static bool is_soon(struct receipt *receipt, int64_t wall_ms)
{
	int64_t gone = wall_ms - atomic_load_explicit(&receipt->wall_ms, memory_order_relaxed);
	return gone > -RECEIPT_JUMP_MS && gone < RECEIPT_LOOK_MS;
}

int64_t receipt_of(struct receipt *receipt, int64_t wall_ms, int64_t (*steady)(void))
{
	if (!is_soon(receipt, wall_ms)) {
		pthread_mutex_lock(&receipt->lock);
		if (!is_soon(receipt, wall_ms)) {
			int64_t steady_ms = steady(), jumped = (wall_ms - receipt->wall_ms) - (steady_ms - receipt->steady_ms);
			if (jumped >= RECEIPT_JUMP_MS || jumped <= -RECEIPT_JUMP_MS)
				receipt->minutes -= (int32_t)(jumped / MS_A_MINUTE);
			receipt->wall_ms = wall_ms;
			receipt->steady_ms = steady_ms;
		}
		pthread_mutex_unlock(&receipt->lock);
	}
	return wall_ms + (int64_t)receipt_minutes(receipt) * MS_A_MINUTE;
}

static int64_t steady_now(void)
{
	return (int64_t)(clock_monotonic_ns() / NS_A_MS);
}

int64_t receipt_at(struct receipt *receipt, int64_t wall_ms)
{
	return receipt_of(receipt, wall_ms, steady_now);
}

int64_t receipt_of_record(const struct event_header *header)
{
	return header->received_ms + (int64_t)header->receipt_minutes * MS_A_MINUTE;
}
