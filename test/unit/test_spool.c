/* Large answers wait on the disk: read back as written, unreadable to others, bounded for each caller and in all. */
#include "unit.h"

#include "folder.h"
#include "random.h"

#include "base/memory.h"
#include "serve/archive.h"
#include "serve/packing.h"

#include <dirent.h>
#include <string.h>

enum { MIB = 1024 * 1024, ROOM = 16 * MIB };

static struct spools *spools_new(char folder[64], uint64_t bytes_max)
{
	struct spools *spools;
	assert_int_equal(spools_open(&spools, folder_new(folder), bytes_max), 0);
	return spools;
}

static void spools_end(struct spools *spools, const char *folder)
{
	assert_int_equal(spools_figures(spools).bytes, 0);
	assert_int_equal(spools_figures(spools).claims, 0);
	spools_close(spools);
	folder_remove(folder);
}

static size_t files_in(const char *folder)
{
	size_t n = 0;
	DIR *dir = opendir(folder);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Letters that depend on their place. */
static void fill(char *out, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (char)('a' + (i * 7 + i / 26 + seed) % 26);
}

static void what_was_written_is_read_back_at_any_place(void **state)
{
	(void)state;
	char folder[64];
	struct spools *spools = spools_new(folder, ROOM);
	struct spool_claim claim = {.spools = spools, .who = 1};
	struct spool spool;
	uint64_t seed = 20;
	size_t n = 3 * MIB + 77, at = 0;
	char *bytes = memory_alloc(n), *read = memory_alloc(n);
	fill(bytes, n, 0);
	spool_init(&spool, &claim);
	while (at < n) {
		size_t some = random_below(&seed, 100000) + 1;
		some = some < n - at ? some : n - at;
		assert_int_equal(spool_append(&spool, bytes + at, some), 0);
		at += some;
	}
	assert_int_equal(spool.bytes, n);
	assert_int_equal(spool_read(&spool, 0, read, n), n);
	assert_memory_equal(read, bytes, n);
	for (int i = 0; i < 500; i++) {
		size_t from = random_below(&seed, (uint32_t)n), most = random_below(&seed, 70000) + 1;
		size_t there = most < n - from ? most : n - from;
		assert_int_equal(spool_read(&spool, from, read, most), there);
		assert_memory_equal(read, bytes + from, there);
	}
	assert_int_equal(spool_read(&spool, n, read, 10), 0);
	assert_int_equal(files_in(folder), 0); /* Its file has no name. */
	spool_free(&spool);
	spool_claim_end(&claim);
	memory_free(bytes);
	memory_free(read);
	spools_end(spools, folder);
}

static void what_lies_on_the_disk_tells_nothing(void **state)
{
	(void)state;
	char folder[64], *plain = memory_alloc(MIB), *raw[2] = {memory_alloc(MIB), memory_alloc(MIB)};
	struct spools *spools = spools_new(folder, ROOM);
	struct spool_claim claim = {.spools = spools, .who = 1};
	struct spool spool[2];
	memset(plain, 'x', MIB);
	for (int i = 0; i < 2; i++) {
		spool_init(&spool[i], &claim);
		assert_int_equal(spool_append(&spool[i], plain, MIB), 0);
		assert_int_equal(spool_append(&spool[i], "y", 1), 0); /* Now all before is on the disk. */
		assert_int_equal(spool[i].stored, MIB);
		assert_int_equal(pread(spool[i].file, raw[i], MIB, 0), MIB);
		assert_null(memmem(raw[i], MIB, plain, 4));
		size_t counts[256] = {0};
		for (size_t at = 0; at < MIB; at++)
			counts[(uint8_t)raw[i][at]]++;
		for (int c = 0; c < 256; c++)
			assert_in_range(counts[c], MIB / 256 / 2, MIB / 256 * 2);
	}
	for (size_t block = 0; block < MIB; block += 64) { /* The same said twice is not the same. */
		assert_memory_not_equal(raw[0] + block, raw[1] + block, 64);
		if (block)
			assert_memory_not_equal(raw[0] + block, raw[0], 64);
	}
	for (int i = 0; i < 2; i++) {
		spool_free(&spool[i]);
		memory_free(raw[i]);
	}
	spool_claim_end(&claim);
	memory_free(plain);
	spools_end(spools, folder);
}

static void what_is_small_never_touches_the_disk(void **state)
{
	(void)state;
	char folder[64], bytes[SPOOL_MEMORY_BYTES], read[SPOOL_MEMORY_BYTES];
	struct spools *spools = spools_new(folder, ROOM);
	struct spool_claim claims[10];
	struct spool small[10];
	fill(bytes, sizeof bytes, 3);
	for (int i = 0; i < 10; i++) { /* More than a caller may have on the disk. */
		claims[i] = (struct spool_claim){.spools = spools, .who = 1};
		spool_init(&small[i], &claims[i]);
		assert_int_equal(spool_append(&small[i], bytes, sizeof bytes), 0);
		assert_int_equal(small[i].file, -1);
		assert_int_equal(spool_read(&small[i], 0, read, sizeof read), sizeof read);
		assert_memory_equal(read, bytes, sizeof read);
	}
	assert_int_equal(spools_figures(spools).claims, 0);
	assert_int_equal(spools_figures(spools).bytes, 0);
	for (int i = 0; i < 10; i++) {
		spool_free(&small[i]);
		spool_claim_end(&claims[i]);
	}
	spools_end(spools, folder);
}

/* One answer of @who with @bytes, written for as long as it may be. */
struct answer {
	struct spool_claim claim;
	struct spool spool;
};

static int answer_begin(struct answer *answer, struct spools *spools, uint64_t who, size_t bytes)
{
	char block[SPOOL_MEMORY_BYTES] = {0};
	int error = 0;
	answer->claim = (struct spool_claim){.spools = spools, .who = who};
	spool_init(&answer->spool, &answer->claim);
	for (size_t at = 0; at < bytes && !error; at += sizeof block)
		error = spool_append(&answer->spool, block, sizeof block);
	return error ? error : spool_append(&answer->spool, "", 1);
}

static void answer_end(struct answer *answer)
{
	spool_free(&answer->spool);
	spool_claim_end(&answer->claim);
	spool_free(&answer->spool); /* Twice does no harm. */
	spool_claim_end(&answer->claim);
}

static void a_caller_has_four_at_most_and_others_are_not_kept_waiting(void **state)
{
	(void)state;
	char folder[64];
	struct spools *spools = spools_new(folder, ROOM);
	struct answer own[SPOOL_CLAIMS_A_CALLER], more, other;
	for (int i = 0; i < SPOOL_CLAIMS_A_CALLER; i++)
		assert_int_equal(answer_begin(&own[i], spools, 1, SPOOL_MEMORY_BYTES), 0);
	assert_int_equal(answer_begin(&more, spools, 1, SPOOL_MEMORY_BYTES), ERROR_LIMIT);
	answer_end(&more);
	assert_int_equal(spools_figures(spools).refused, 1);
	assert_int_equal(answer_begin(&other, spools, 2, SPOOL_MEMORY_BYTES), 0);
	answer_end(&other);
	answer_end(&own[2]);
	assert_int_equal(answer_begin(&own[2], spools, 1, SPOOL_MEMORY_BYTES), 0);
	for (int i = 0; i < SPOOL_CLAIMS_A_CALLER; i++)
		answer_end(&own[i]);
	spools_end(spools, folder);
}

static void a_caller_has_a_quarter_and_a_single_answer_three(void **state)
{
	(void)state;
	char folder[64];
	struct spools *spools = spools_new(folder, ROOM);
	struct answer first, second;
	assert_int_equal(answer_begin(&first, spools, 1, 13 * MIB), ERROR_LIMIT);
	answer_end(&first);
	assert_int_equal(answer_begin(&first, spools, 1, 12 * MIB), 0);
	answer_end(&first);
	assert_int_equal(answer_begin(&first, spools, 1, 2 * MIB), 0);
	assert_int_equal(answer_begin(&second, spools, 1, 3 * MIB), ERROR_LIMIT);
	answer_end(&second);
	assert_int_equal(answer_begin(&second, spools, 1, 2 * MIB), 0);
	answer_end(&second);
	answer_end(&first);
	spools_end(spools, folder);
}

static void all_together_have_what_the_setting_says(void **state)
{
	(void)state;
	char folder[64];
	struct spools *spools = spools_new(folder, ROOM);
	struct answer first, second;
	assert_int_equal(answer_begin(&first, spools, 1, 12 * MIB), 0);
	assert_int_equal(answer_begin(&second, spools, 2, 5 * MIB), ERROR_BUSY);
	assert_in_range(spools_figures(spools).bytes, 15 * MIB, ROOM);
	answer_end(&second);
	answer_end(&first);
	assert_int_equal(answer_begin(&second, spools, 2, 5 * MIB), 0);
	answer_end(&second);
	spools_end(spools, folder);
}

/* ---- a zip ---- */

static void a_zip_that_was_packed_in_pieces_unpacks_to_what_was_written(void **state)
{
	(void)state;
	char folder[64], *bytes = memory_alloc(MIB);
	struct spools *spools = spools_new(folder, 64 * MIB);
	struct spool_claim claim = {.spools = spools, .who = 1};
	struct packing *packing = memory_alloc(sizeof *packing);
	struct unpacked unpacked;
	struct text content;
	uint8_t hash[crypto_hash_sha256_BYTES];
	uint64_t seed = 7;
	for (size_t i = 0; i < MIB; i++)
		bytes[i] = (char)random_below(&seed, 256);
	packing_init(packing, &claim);
	struct packing_file *large = packing_add(packing, "large.bin"), *alike = packing_add(packing, "folder/alike.txt"), *none = packing_add(packing, "none.txt");
	for (size_t at = 0; at < 4 * MIB; at += MIB / 8) { /* Two at a time. */
		buffer_append(&large->in, bytes + at % MIB, MIB / 8);
		packing_pour(packing, large);
		buffer_string(&alike->in, "the same line\n");
		packing_pour(packing, alike);
		assert_true(large->in.n == 0 && packing->error == 0);
	}
	packing_done(packing, none);
	assert_int_equal(packing_finish(packing, 1777766400000), 0);
	assert_true(large->out.stored > MIB); /* It was on the disk. */
	char *zip = memory_alloc(packing->bytes);
	for (size_t at = 0; at < packing->bytes;) {
		long n = packing_read(packing, at, zip + at, random_below(&seed, 40000) + 1);
		assert_true(n > 0);
		at += (size_t)n;
	}
	assert_int_equal(packing_read(packing, packing->bytes, zip, 1), 0);
	assert_int_equal(archive_unpack(&unpacked, (struct text){zip, packing->bytes}, 8 * MIB), 0);
	assert_int_equal(unpacked.n, 3);
	assert_true(unpacked_find(&unpacked, TEXT("large.bin"), &content));
	assert_int_equal(content.n, 4 * MIB);
	for (size_t at = 0; at < content.n; at += MIB)
		assert_memory_equal(content.p + at, bytes, MIB);
	crypto_hash_sha256(hash, (const uint8_t *)content.p, content.n);
	assert_memory_equal(hash, large->hash, sizeof hash);
	assert_true(unpacked_find(&unpacked, TEXT("folder/alike.txt"), &content) && content.n == 32 * 14);
	assert_true(unpacked_find(&unpacked, TEXT("none.txt"), &content) && content.n == 0);
	unpacked_free(&unpacked);
	packing_free(packing);
	spool_claim_end(&claim);
	memory_free(packing);
	memory_free(zip);
	memory_free(bytes);
	spools_end(spools, folder);
}

static void without_memory_nothing_is_left_behind(void **state)
{
	(void)state;
	char folder[64], block[SPOOL_MEMORY_BYTES] = {0};
	struct spools *spools = spools_new(folder, ROOM);
	struct packing *packing = memory_alloc(sizeof *packing);
	int error = 1;
	for (uint64_t nth = 1; error; nth++) {
		struct spool_claim claim = {.spools = spools, .who = 1};
		memory_fail_at(nth);
		packing_init(packing, &claim);
		struct packing_file *file = packing_add(packing, "file");
		for (int i = 0; i < 4; i++) {
			for (size_t at = 0; at < sizeof block; at++)
				block[at] = (char)(at * at * 31 >> 3 ^ (size_t)i * at);
			buffer_append(&file->in, block, sizeof block);
			packing_pour(packing, file);
		}
		error = packing_finish(packing, 0);
		memory_fail_at(0);
		assert_true(error == 0 || error == ERROR_MEMORY || error == ERROR_LIMIT);
		packing_free(packing);
		spool_claim_end(&claim);
		assert_int_equal(spools_figures(spools).bytes, 0);
		assert_true(nth < 1000);
	}
	memory_free(packing);
	spools_end(spools, folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_back_at_any_place),
		cmocka_unit_test(what_lies_on_the_disk_tells_nothing),
		cmocka_unit_test(what_is_small_never_touches_the_disk),
		cmocka_unit_test(a_caller_has_four_at_most_and_others_are_not_kept_waiting),
		cmocka_unit_test(a_caller_has_a_quarter_and_a_single_answer_three),
		cmocka_unit_test(all_together_have_what_the_setting_says),
		cmocka_unit_test(a_zip_that_was_packed_in_pieces_unpacks_to_what_was_written),
		cmocka_unit_test(without_memory_nothing_is_left_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
