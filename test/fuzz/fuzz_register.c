/*
 * fuzz_register.c: the register of erasures, damaged in any way, or of lines that say anything with the right check: what is left of it is
 * read, what is lost is named, and the next start finds it as this one left it.
 */
#include "file.h"

#include "trust/erasures.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { NOW_S = 1780000000, ERASED = 3 };
static const int64_t NOW_MS = (int64_t)NOW_S * 1000;

static char lines[FUZZ_FILE_BYTES_MAX], head[256];
static size_t lines_n, head_n;

static void sound_make(void)
{
	struct erasures *erasures;
	char id[ERASURE_ID_BYTES];
	MUST(sodium_init() >= 0);
	MUST(erasures_open(&erasures, fuzz_folder(), NOW_MS) == 0);
	for (uint32_t i = 0; i < ERASED; i++) {
		const uint32_t origins[] = {3 * i + 1, 3 * i + 2};
		struct identifier_hash hash;
		memset(&hash, (int)i + 1, sizeof hash);
		MUST(erasures_begin(erasures, NOW_MS, origins, 2, &hash, 1, id) == 0);
		MUST(i + 1 == ERASED || erasures_done(erasures, id, TEXT("{\"certificate\":1}")) == 0);
	}
	erasures_close(erasures);
	struct text file = fuzz_file_get("sealing/erasures");
	memcpy(lines, file.p, lines_n = file.n);
	file = fuzz_file_get("sealing/erasures-head");
	MUST(file.n <= sizeof head);
	memcpy(head, file.p, head_n = file.n);
}

/* Each line of @bodies, with its check. */
static struct text lines_checked(struct text bodies)
{
	static char room[FUZZ_FILE_BYTES_MAX];
	size_t n = 0;
	struct text body;
	while (bodies.n && text_next(&bodies, '\n', &body)) {
		body = text_first(body, 4096);
		if (n + body.n + 64 > sizeof room)
			break;
		memcpy(room + n, body.p, body.n);
		n += body.n;
		n += (size_t)snprintf(room + n, sizeof room - n, ",\"check\":\"%016" PRIx64 "\"}\n", XXH3_64bits(body.p, body.n));
	}
	return (struct text){room, n};
}

/* Everything that is known can be asked for. */
static void register_read(struct erasures *erasures, size_t *origins_n)
{
	struct erasure erasure, again;
	struct identifier_hash hash = {0};
	uint64_t sum = 0;
	const uint32_t *origins = erasures_origins(erasures, origins_n);
	for (size_t i = 0; i < *origins_n; i++)
		sum += origins[i];
	for (size_t i = 0; erasures_get(erasures, i, &erasure); i++) {
		size_t n;
		MUST(strlen(erasure.id) == ERASURE_ID_BYTES - 1 && erasures_find(erasures, text_of(erasure.id), &again));
		const struct identifier_hash *hashes = erasures_hashes(erasures, erasure.id, &n);
		if (n)
			erasures_suppress(erasures, hashes[0], NOW_MS, NOW_MS);
		for (size_t k = 0; k < erasure.origins_n; k++)
			sum += erasure.origins[k];
		MUST(erasure.certificate.n == 0 || erasure.done);
	}
	MUST(!erasures_of(erasures, hash, &erasure) || *erasure.id || sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz_input input = {bytes, n};
	struct erasures *erasures;
	bool cut = false;
	size_t origins_n, origins_again_n;
	if (!lines_n)
		sound_make();
	damage_clear();
	uint8_t what = fuzz_byte(&input) % 4;
	struct text file = {lines, lines_n}, said = {head, head_n};
	if (what == 0)
		file = fuzz_damaged(&input, file, &cut);
	else if (what == 1)
		said = fuzz_damaged(&input, said, &cut);
	else
		file = what == 2 ? fuzz_rest(&input) : lines_checked(fuzz_rest(&input));
	fuzz_file_put("sealing/erasures", file);
	fuzz_file_put("sealing/erasures-head", said);
	bool same = text_equal(file, (struct text){lines, lines_n}) && text_equal(said, (struct text){head, head_n});
	MUST(erasures_open(&erasures, fuzz_folder(), NOW_MS) == 0);
	MUST(same || what > 1 || fuzz_is_named("sealing/erasures"));
	register_read(erasures, &origins_n);
	erasures_close(erasures);
	MUST(erasures_open(&erasures, fuzz_folder(), NOW_MS) == 0);
	register_read(erasures, &origins_again_n);
	MUST(origins_n == origins_again_n);
	erasures_close(erasures);
	return 0;
}
