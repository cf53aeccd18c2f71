/*
 * run_corpus.c: a fuzz target as an ordinary test.
 *
 * Gives the target every file of the folders named, every beginning of it, and many mutations of it; the mutations
 * are the same in every run. With --once before the folders only the files as they are, for tools that are slow; with
 * --few a tenth of the mutations, for targets that are.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { FILE_BYTES_MAX = 64 * 1024, BEGINNINGS_MAX = 2048, MUTATIONS = 600, MUTATIONS_FEW = 60, EDITS_MAX = 6 };

static uint64_t state = 7;

static uint64_t next_random(uint64_t below)
{
	state += 0x9e3779b97f4a7c15u;
	uint64_t z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

/* An exact copy on the heap, so that a sanitizer sees a read past its end. */
static void run(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		abort();
	memcpy(copy, bytes, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static size_t mutate(uint8_t *out, const uint8_t *bytes, size_t n)
{
	static const uint8_t telling[] = "\"',;\n\r\t<>&{}[]:=-\0\xff\xc0";
	memcpy(out, bytes, n);
	for (uint64_t edits = 1 + next_random(EDITS_MAX); edits && n; edits--) {
		size_t at = next_random(n);
		switch (next_random(4)) {
		case 0:
			out[at] ^= (uint8_t)(1u << next_random(8));
			break;
		case 1:
			out[at] = telling[next_random(sizeof telling - 1)];
			break;
		case 2:
			memmove(out + at, out + at + 1, n - at - 1);
			n--;
			break;
		default: {
			size_t from = next_random(n), length = 1 + next_random(n - from);
			length = length < n - at ? length : n - at;
			memmove(out + at, out + from, length);
		}
		}
	}
	return n;
}

static int run_file(const char *folder, const char *name, int mutations)
{
	static uint8_t bytes[FILE_BYTES_MAX], mutated[FILE_BYTES_MAX];
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return 1;
	size_t n = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	run(bytes, n);
	for (size_t length = 0; mutations == MUTATIONS && length < n && length < BEGINNINGS_MAX; length++)
		run(bytes, length);
	for (int i = 0; i < mutations; i++)
		run(mutated, mutate(mutated, bytes, n));
	return 0;
}

int main(int argc, char **argv)
{
	int files = 0;
	const bool once = argc > 1 && strcmp(argv[1], "--once") == 0, few = argc > 1 && strcmp(argv[1], "--few") == 0;
	for (int i = 1 + (once || few); i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		if (!folder) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *entry; (entry = readdir(folder));) {
			if (entry->d_name[0] == '.')
				continue;
			if (run_file(argv[i], entry->d_name, once ? 0 : few ? MUTATIONS_FEW : MUTATIONS) != 0)
				return 1;
			files++;
		}
		closedir(folder);
	}
	printf("%d files\n", files);
	return files ? 0 : 1;
}
