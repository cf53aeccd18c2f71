/* checked_file.c: content, and a line that proves it. */
#include "base/checked_file.h"

#include "base/folder.h"
#include "base/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { LINE_BYTES_MAX = 160 };

static struct text line_of(char line[LINE_BYTES_MAX], const char *name, struct text content)
{
	uint64_t check = XXH3_64bits_withSeed(content.p ? content.p : "", content.n, XXH3_64bits(name, strlen(name)));
	int n = snprintf(line, LINE_BYTES_MAX, "\n# checksum %.100s %016" PRIx64 "\n", name, check);
	return (struct text){line, (size_t)n};
}

void checked_format(struct buffer *out, const char *name, struct text content)
{
	char line[LINE_BYTES_MAX];
	buffer_text(out, content);
	buffer_text(out, line_of(line, name, content));
}

bool checked_parse(struct text file, const char *name, struct text *content)
{
	char line[LINE_BYTES_MAX];
	size_t line_n = line_of(line, name, (struct text){0}).n; /* Always as long. */
	if (file.n < line_n)
		return false;
	struct text found = text_first(file, file.n - line_n);
	if (!text_equal(text_from(file, found.n), line_of(line, name, found)))
		return false;
	*content = found;
	return true;
}

static int whole_read(int file, const char *path, struct buffer *out)
{
	struct stat status;
	if (fstat(file, &status) != 0)
		return refuse(ERROR_IO, "%s cannot be read: %s.", path, strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_size > CHECKED_BYTES_MAX)
		return ERROR_CORRUPT;
	if (!buffer_reserve(out, (size_t)status.st_size + 1))
		return ERROR_MEMORY;
	for (ssize_t got; out->n < (size_t)status.st_size; out->n += (size_t)got) {
		got = read(file, out->p + out->n, (size_t)status.st_size - out->n);
		if (got < 0)
			return refuse(ERROR_IO, "%s cannot be read: %s.", path, strerror(errno));
		if (got == 0)
			break;
	}
	return 0;
}

int checked_read(const char *folder, const char *name, struct buffer *content)
{
	char path[4300];
	struct buffer bytes = BUFFER_INIT(CHECKED_BYTES_MAX + 1);
	struct text found = {0};
	snprintf(path, sizeof path, "%.4000s/%.200s", folder, name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : refuse(ERROR_IO, "%s cannot be opened: %s.", path, strerror(errno));
	int error = whole_read(file, path, &bytes);
	close(file);
	if (!error && !checked_parse(buffer_view(&bytes), name, &found))
		error = ERROR_CORRUPT;
	if (!error)
		buffer_text(content, found);
	if (!error && content->failed)
		error = ERROR_MEMORY;
	if (bytes.p)
		explicit_bzero(bytes.p, bytes.n);
	buffer_free(&bytes);
	return error;
}

int checked_write(const char *folder, const char *name, struct text content)
{
	char path[4300];
	struct buffer bytes = BUFFER_INIT(CHECKED_BYTES_MAX + LINE_BYTES_MAX);
	snprintf(path, sizeof path, "%.4000s/%.200s", folder, name);
	checked_format(&bytes, name, content);
	int error = bytes.failed ? ERROR_MEMORY : file_replace(path, buffer_view(&bytes));
	if (bytes.p)
		explicit_bzero(bytes.p, bytes.n);
	buffer_free(&bytes);
	return error;
}
