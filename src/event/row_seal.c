/* row_seal.c: runs of sealed rows. */
#include "event/row_seal.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum { BLOCK_BYTES = 64, ROWS_A_BLOCK = BLOCK_BYTES / sizeof(struct column_row), NONCE_BYTES = 12 };

static_assert(sizeof(struct row_run) == sizeof(struct column_row), "the head of a run is as long as a row");
static_assert(COLUMNS_KEY_BYTES == crypto_stream_chacha20_ietf_KEYBYTES && NONCE_BYTES == crypto_stream_chacha20_ietf_NONCEBYTES, "as libsodium has it");

static void nonce_of(uint8_t nonce[NONCE_BYTES], const struct row_run *run, int32_t day)
{
	memcpy(nonce, &run->nonce, sizeof run->nonce);
	memcpy(nonce + sizeof run->nonce, &day, sizeof day);
}

/* Lay the stream of @run, from its row @at on, over @rows. */
static void cover(const struct row_run *run, const uint8_t *key, int32_t day, uint32_t at, struct column_row *rows, size_t n)
{
	uint8_t nonce[NONCE_BYTES];
	nonce_of(nonce, run, day);
	if (n && at % ROWS_A_BLOCK) { /* Within a block: the rest of it first. */
		struct column_row block[ROWS_A_BLOCK] = {0};
		size_t skip = at % ROWS_A_BLOCK, some = ROWS_A_BLOCK - skip < n ? ROWS_A_BLOCK - skip : n;
		memcpy(block + skip, rows, some * sizeof *rows);
		crypto_stream_chacha20_ietf_xor_ic((uint8_t *)block, (const uint8_t *)block, sizeof block, nonce, at / ROWS_A_BLOCK, key);
		memcpy(rows, block + skip, some * sizeof *rows);
		at += (uint32_t)some;
		rows += some;
		n -= some;
	}
	if (n)
		crypto_stream_chacha20_ietf_xor_ic((uint8_t *)rows, (const uint8_t *)rows, n * sizeof *rows, nonce, at / ROWS_A_BLOCK, key);
}

void row_run_seal(struct column_row *rows, uint32_t n, const uint8_t *key, int32_t day)
{
	struct row_run run = {.n = n};
	randombytes_buf(&run.nonce, sizeof run.nonce);
	memcpy(rows, &run, sizeof run);
	cover(&run, key, day, 0, rows + 1, n);
}

static bool is_blank(const struct column_row *row)
{
	static const struct column_row blank;
	return memcmp(row, &blank, sizeof blank) == 0;
}

/* Open @n rows of one run. */
static void part_open(const struct row_walk *walk, struct column_row *rows, size_t n)
{
	uint8_t blank[ROW_WALK_MAX];
	for (size_t i = 0; i < n; i++)
		blank[i] = is_blank(&rows[i]);
	cover(&walk->run, walk->key, walk->day, walk->at, rows, n);
	for (size_t i = 0; i < n; i++)
		if (blank[i])
			rows[i] = (struct column_row){0};
}

bool row_walk_open(struct row_walk *walk, struct column_row *rows, size_t n)
{
	assert(n <= ROW_WALK_MAX);
	for (size_t i = 0, part; i < n; i += part) {
		size_t left = walk->run.n - walk->at;
		part = left < n - i ? left : n - i;
		if (part) {
			part_open(walk, rows + i, part);
			walk->at += (uint32_t)part;
			continue;
		}
		memcpy(&walk->run, rows + i, sizeof walk->run);
		if (walk->run.none || walk->run.n == 0)
			return false;
		walk->at = 0;
		rows[i] = (struct column_row){0};
		part = 1;
	}
	return true;
}
