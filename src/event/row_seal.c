/* row_seal.c: runs of rows. */
#include "event/row_seal.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>

enum { BLOCK_BYTES = 64, ROWS_A_BLOCK = BLOCK_BYTES / sizeof(struct column_row), NONCE_BYTES = 12 };

static_assert(sizeof(struct row_run) == RUN_HEAD_ROWS * sizeof(struct column_row), "the head of a run is as long as two rows");
static_assert(COLUMNS_KEY_BYTES == crypto_stream_chacha20_ietf_KEYBYTES && NONCE_BYTES == crypto_stream_chacha20_ietf_NONCEBYTES, "as libsodium has it");

static void nonce_of(uint8_t nonce[NONCE_BYTES], const struct row_run *run, int32_t day)
{
	memcpy(nonce, &run->nonce, sizeof run->nonce);
	memcpy(nonce + sizeof run->nonce, &day, sizeof day);
}

/* Lay the stream of @run, from its row @at on, over @rows. */
static void cover(const struct row_file *file, const struct row_run *run, uint32_t at, struct column_row *rows, size_t n)
{
	uint8_t nonce[NONCE_BYTES];
	nonce_of(nonce, run, file->day);
	if (n && at % ROWS_A_BLOCK) { /* Within a block: the rest of it first. */
		struct column_row block[ROWS_A_BLOCK] = {0};
		size_t skip = at % ROWS_A_BLOCK, some = ROWS_A_BLOCK - skip < n ? ROWS_A_BLOCK - skip : n;
		memcpy(block + skip, rows, some * sizeof *rows);
		crypto_stream_chacha20_ietf_xor_ic((uint8_t *)block, (const uint8_t *)block, sizeof block, nonce, at / ROWS_A_BLOCK, file->key);
		memcpy(rows, block + skip, some * sizeof *rows);
		at += (uint32_t)some;
		rows += some;
		n -= some;
	}
	if (n)
		crypto_stream_chacha20_ietf_xor_ic((uint8_t *)rows, (const uint8_t *)rows, n * sizeof *rows, nonce, at / ROWS_A_BLOCK, file->key);
}

/* ---- heads ---- */

static uint64_t head_check(const struct row_file *file, uint64_t at, const struct row_run *run)
{
	return XXH3_64bits_withSeed(run, offsetof(struct row_run, head_check), (uint64_t)(uint32_t)file->day << 32 ^ at ^ (file->key != NULL));
}

void row_run_finish(const struct row_file *file, uint64_t at, struct row_run *run, uint64_t rows_check)
{
	run->rows_check = rows_check;
	run->head_check = head_check(file, at, run);
}

bool row_run_is_whole(const struct row_file *file, uint64_t at, const struct row_run *run)
{
	return run->none == 0 && run->head_check == head_check(file, at, run);
}

void row_run_make(const struct row_file *file, uint64_t at, struct column_row *rows, uint32_t n)
{
	struct row_run run = {.n = n};
	randombytes_buf(&run.nonce, sizeof run.nonce);
	if (file->key)
		cover(file, &run, 0, rows + RUN_HEAD_ROWS, n);
	row_run_finish(file, at, &run, XXH3_64bits(rows + RUN_HEAD_ROWS, n * sizeof *rows));
	memcpy(rows, &run, sizeof run);
}

/* ---- opening ---- */

static bool is_blank(const struct column_row *row)
{
	static const struct column_row blank;
	return memcmp(row, &blank, sizeof blank) == 0;
}

void row_run_open(const struct row_file *file, const struct row_run *run, uint32_t at, struct column_row *rows, size_t n)
{
	uint8_t blank[ROW_WALK_MAX];
	assert(n <= ROW_WALK_MAX);
	if (!file->key)
		return;
	for (size_t i = 0; i < n; i++)
		blank[i] = is_blank(&rows[i]);
	cover(file, run, at, rows, n);
	for (size_t i = 0; i < n; i++)
		if (blank[i])
			rows[i] = (struct column_row){0};
}

void row_walk_start(struct row_walk *walk, struct row_file file)
{
	walk->file = file;
	walk->run = (struct row_run){0};
	walk->place = walk->run_place = 0;
	walk->at = 0;
	walk->head = RUN_HEAD_ROWS;
}

/* Take a row of a head. */
static bool head_take(struct row_walk *walk, struct column_row *row)
{
	if (walk->head == RUN_HEAD_ROWS) {
		walk->head = 0;
		walk->run_place = walk->place;
	}
	memcpy((uint8_t *)&walk->run + walk->head * sizeof *row, row, sizeof *row);
	*row = (struct column_row){0};
	walk->head++;
	walk->place++;
	walk->at = 0;
	return walk->head < RUN_HEAD_ROWS || (row_run_is_whole(&walk->file, walk->run_place, &walk->run) && (walk->run.n || walk->run.rows_check == XXH3_64bits(row, 0)));
}

/* Open @n rows of the run. A run that is met whole is hashed at once. */
static bool part_open(struct row_walk *walk, struct column_row *rows, size_t n)
{
	uint64_t check;
	bool ends = walk->at + n == walk->run.n;
	if (walk->at == 0 && ends) {
		check = XXH3_64bits(rows, n * sizeof *rows);
	} else {
		if (walk->at == 0)
			XXH3_64bits_reset(&walk->state);
		XXH3_64bits_update(&walk->state, rows, n * sizeof *rows);
		check = ends ? XXH3_64bits_digest(&walk->state) : 0;
	}
	if (ends && check != walk->run.rows_check)
		return false;
	row_run_open(&walk->file, &walk->run, walk->at, rows, n);
	walk->at += (uint32_t)n;
	walk->place += n;
	return true;
}

bool row_walk_open(struct row_walk *walk, struct column_row *rows, size_t n)
{
	assert(n <= ROW_WALK_MAX);
	for (size_t i = 0, part; i < n; i += part) {
		size_t left = walk->head == RUN_HEAD_ROWS ? walk->run.n - walk->at : 0;
		part = left < n - i ? left : n - i;
		if (part ? !part_open(walk, rows + i, part) : !head_take(walk, rows + i))
			return false;
		part = part ? part : 1;
	}
	return true;
}

bool row_walk_end(const struct row_walk *walk)
{
	return walk->head == RUN_HEAD_ROWS && walk->at == walk->run.n;
}
