/* file.c: see file.h. */
#include "file.h"

#include "base/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EDITS_MAX = 8, EDIT_BYTES_MAX = 64 };

static char folder[64];

/* In the place of report.c: a line for each input would be all that is done. */
void report_level_set(enum report_level level)
{
	(void)level;
}

void report(enum report_level level, const char *event, const char *format, ...)
{
	(void)level;
	(void)event;
	(void)format;
}

void must_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, what);
	abort();
}

static void folder_remove(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	if (system(command) != 0)
		fprintf(stderr, "could not remove %s\n", folder);
}

const char *fuzz_folder(void)
{
	if (*folder)
		return folder;
	snprintf(folder, sizeof folder, "%s/attune-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(folder));
	atexit(folder_remove);
	return folder;
}

static void path_of(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%.180s", fuzz_folder(), name);
}

void fuzz_file_put(const char *name, struct text bytes)
{
	char path[256];
	path_of(path, name);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(file >= 0 && write(file, bytes.p ? bytes.p : "", bytes.n) == (ssize_t)bytes.n);
	close(file);
}

struct text fuzz_file_get(const char *name)
{
	static char room[FUZZ_FILE_BYTES_MAX];
	char path[256];
	path_of(path, name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = file < 0 ? 0 : read(file, room, sizeof room);
	MUST(n >= 0);
	if (file >= 0)
		close(file);
	return (struct text){room, (size_t)n};
}

void fuzz_file_remove(const char *name)
{
	char path[256];
	path_of(path, name);
	unlink(path);
}

uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->n == 0)
		return 0;
	input->n--;
	return *input->p++;
}

uint16_t fuzz_number(struct fuzz_input *input)
{
	uint16_t high = fuzz_byte(input);
	return (uint16_t)(high << 8 | fuzz_byte(input));
}

struct text fuzz_bytes(struct fuzz_input *input, size_t n_max)
{
	size_t n = fuzz_byte(input);
	n = n < n_max ? n : n_max;
	n = n < input->n ? n : input->n;
	struct text text = {(const char *)input->p, n};
	input->p += n;
	input->n -= n;
	return text;
}

struct text fuzz_rest(struct fuzz_input *input)
{
	struct text text = {(const char *)input->p, input->n};
	input->n = 0;
	return text;
}

struct text fuzz_damaged(struct fuzz_input *input, struct text sound, bool *cut)
{
	static char room[FUZZ_FILE_BYTES_MAX];
	size_t n = sound.n < sizeof room ? sound.n : sizeof room;
	memcpy(room, sound.p, n);
	uint8_t how = fuzz_byte(input);
	*cut = how & 1;
	if (*cut && n)
		n = fuzz_number(input) % n;
	for (int i = 0; i < EDITS_MAX && input->n && n; i++) {
		size_t at = fuzz_number(input) % n;
		struct text bytes = fuzz_bytes(input, EDIT_BYTES_MAX);
		memcpy(room + at, bytes.p, bytes.n < n - at ? bytes.n : n - at);
	}
	return (struct text){room, n};
}

bool fuzz_is_named(const char *name)
{
	static struct damage pieces[DAMAGE_MAX];
	size_t n = damage_list(pieces, DAMAGE_MAX);
	for (size_t i = 0; i < n; i++)
		if (strncmp(pieces[i].file, name, strlen(name)) == 0)
			return true;
	return false;
}
