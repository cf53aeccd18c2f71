/* dead_letters.c: the file of refused events. */
#include "serve/dead_letters.h"

#include "base/folder.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LETTER_TEXT_MAX = 500, EVENT_BYTES_KEPT = 32 * 1024, LINE_BYTES_MAX = 2 * EVENT_BYTES_KEPT };

struct dead_letters {
	char path[4200];
	pthread_mutex_t lock;
	int file;
	off_t bytes;
	uint64_t n, unwritten;
	bool torn; /* The last line may have been written in part only. */
};

int dead_letters_open(struct dead_letters **out, const char *folder)
{
	struct stat status;
	struct dead_letters *letters = memory_zero_alloc(1, sizeof *letters);
	if (!letters)
		return ERROR_MEMORY;
	pthread_mutex_init(&letters->lock, NULL);
	snprintf(letters->path, sizeof letters->path, "%s/dead-letters.ndjson", folder);
	letters->file = open(letters->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (letters->file < 0 || fstat(letters->file, &status) != 0) {
		dead_letters_close(letters);
		return ERROR_IO;
	}
	letters->bytes = status.st_size;
	letters->torn = status.st_size > 0; /* Perhaps: a line end too many is skipped in reading. */
	*out = letters;
	return 0;
}

void dead_letters_close(struct dead_letters *letters)
{
	if (!letters)
		return;
	if (letters->file >= 0)
		close(letters->file);
	pthread_mutex_destroy(&letters->lock);
	memory_free(letters);
}

/* Read the last @n bytes, from the first whole line on. */
static int tail_read(struct dead_letters *letters, size_t n, char **bytes, struct text *lines)
{
	off_t from = letters->bytes > (off_t)n ? letters->bytes - (off_t)n : 0;
	size_t wanted = (size_t)(letters->bytes - from);
	char *p = memory_alloc(wanted);
	if (!p)
		return ERROR_MEMORY;
	ssize_t got = pread(letters->file, p, wanted, from);
	if (got < 0) {
		memory_free(p);
		return ERROR_IO;
	}
	struct text rest = {p, (size_t)got}, partial;
	if (from > 0)
		text_next(&rest, '\n', &partial);
	*bytes = p;
	*lines = rest;
	return 0;
}

/* Keep the newer half. */
static void halve(struct dead_letters *letters)
{
	char *bytes;
	struct text lines;
	if (tail_read(letters, DEAD_LETTERS_BYTES_MAX / 2, &bytes, &lines) != 0)
		return;
	if (ftruncate(letters->file, 0) == 0 && write(letters->file, lines.p, lines.n) == (ssize_t)lines.n)
		letters->bytes = (off_t)lines.n;
	memory_free(bytes);
}

void dead_letters_add(struct dead_letters *letters, int64_t now_ms, struct text source, const char *code, struct text message,
                      struct text event)
{
	struct buffer line = BUFFER_INIT(LINE_BYTES_MAX * 4);
	struct json_writer writer = JSON_WRITER(&line);
	json_object_begin(&writer);
	json_put_time(&writer, "time", now_ms);
	json_put_text(&writer, "source", source);
	json_put_text(&writer, "code", text_of(code));
	json_put_text(&writer, "message", message);
	json_put_text(&writer, "event", text_cut(event, EVENT_BYTES_KEPT));
	json_object_end(&writer);
	buffer_char(&line, '\n');
	pthread_mutex_lock(&letters->lock);
	letters->n++;
	if (letters->bytes + (off_t)line.n > DEAD_LETTERS_BYTES_MAX)
		halve(letters);
	if (letters->torn && write(letters->file, "\n", 1) == 1) {
		letters->bytes++;
		letters->torn = false;
	}
	ssize_t written = line.failed ? 0 : write(letters->file, line.p, line.n);
	letters->torn |= !line.failed && written != (ssize_t)line.n;
	letters->unwritten += written != (ssize_t)line.n;
	letters->bytes += written > 0 ? written : 0;
	pthread_mutex_unlock(&letters->lock);
	buffer_free(&line);
}

uint64_t dead_letters_count(struct dead_letters *letters)
{
	pthread_mutex_lock(&letters->lock);
	uint64_t n = letters->n;
	pthread_mutex_unlock(&letters->lock);
	return n;
}

/* Is it a letter, whole? A power cut may have torn one. */
static bool is_whole(struct json_parser *parser, struct text line)
{
	struct json root;
	return line.n && json_parse(parser, line, &root) == 0 && json_type_of(root) == JSON_OBJECT;
}

/* Call @take with whole lines of the last @bytes_max bytes, the newest first, until it returns false. */
static int lines_walk(struct dead_letters *letters, size_t bytes_max, bool (*take)(void *arg, struct text line), void *arg)
{
	char *bytes;
	struct text lines;
	struct json_parser *parser = json_parser_new(LINE_BYTES_MAX * 4, 4);
	if (!parser)
		return ERROR_MEMORY;
	pthread_mutex_lock(&letters->lock);
	int error = tail_read(letters, bytes_max, &bytes, &lines);
	pthread_mutex_unlock(&letters->lock);
	bool more = true;
	for (size_t end = error ? 0 : lines.n; end > 0 && more;) {
		size_t start = end - 1;
		while (start > 0 && lines.p[start - 1] != '\n')
			start--;
		struct text line = text_trim((struct text){lines.p + start, end - start});
		if (is_whole(parser, line))
			more = take(arg, line);
		end = start;
	}
	json_parser_free(parser);
	if (!error)
		memory_free(bytes);
	return error;
}

struct listing {
	struct json_writer *writer;
	size_t n;
};

static bool listing_take(void *arg, struct text line)
{
	struct listing *listing = arg;
	if (listing->n == 0)
		return false;
	json_write_raw(listing->writer, line);
	listing->n--;
	return true;
}

int dead_letters_write(struct dead_letters *letters, struct json_writer *writer, size_t n)
{
	struct listing listing = {writer, n};
	json_array_begin(writer);
	int error = lines_walk(letters, 4 * 1024 * 1024, listing_take, &listing);
	json_array_end(writer);
	return error;
}

struct about {
	const struct text *values;
	size_t n;
	struct buffer *out;
};

/* The event stands in its line as a text: what was quoted in it is quoted with a backslash here. */
static bool about_take(void *arg, struct text line)
{
	struct about *about = arg;
	char quoted[520];
	for (size_t i = 0; i < about->n; i++) {
		int n = snprintf(quoted, sizeof quoted, "\\\"%.*s\\\"", TEXT_ARGS(about->values[i]));
		if (n <= 0 || (size_t)n >= sizeof quoted || !text_find(line, (struct text){quoted, (size_t)n}, NULL))
			continue;
		buffer_text(about->out, line);
		buffer_char(about->out, '\n');
		break;
	}
	return true;
}

int dead_letters_about(struct dead_letters *letters, const struct text *values, size_t n, struct buffer *out)
{
	struct about about = {values, n, out};
	return lines_walk(letters, DEAD_LETTERS_BYTES_MAX, about_take, &about);
}

/* Does a text of the event in @line make @is_about say yes? Texts are quoted there, as in about_take. */
static bool line_is_about(struct text line, bool (*is_about)(void *, struct text), void *arg)
{
	static const struct text quote = {"\\\"", 2};
	struct text rest = line;
	size_t at, end;
	while (text_find(rest, quote, &at)) {
		rest = text_from(rest, at + quote.n);
		if (!text_find(rest, quote, &end))
			return false;
		if (end && end <= LETTER_TEXT_MAX && is_about(arg, text_first(rest, end)))
			return true;
		/* The end of this text may be the beginning of the next one where a key or a comma is missing: look again from it. */
		rest = text_from(rest, end);
	}
	return false;
}

/* Put @lines in the place of the file. */
static int lines_replace(struct dead_letters *letters, struct text lines)
{
	int error = file_replace(letters->path, lines);
	int file = error ? -1 : open(letters->path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (file < 0)
		return error ? error : ERROR_IO;
	close(letters->file);
	letters->file = file;
	letters->bytes = (off_t)lines.n;
	return 0;
}

int dead_letters_forget(struct dead_letters *letters, bool (*is_about)(void *, struct text), void *arg, size_t *n)
{
	char *bytes;
	struct text rest, line;
	*n = 0;
	pthread_mutex_lock(&letters->lock);
	int error = tail_read(letters, (size_t)letters->bytes, &bytes, &rest);
	struct buffer kept = BUFFER_INIT(2 * (size_t)DEAD_LETTERS_BYTES_MAX);
	while (!error && rest.n) {
		text_next(&rest, '\n', &line);
		if (line.n && line_is_about(line, is_about, arg)) {
			++*n;
			continue;
		}
		buffer_text(&kept, line);
		buffer_char(&kept, '\n');
	}
	if (!error)
		memory_free(bytes);
	if (!error && kept.failed)
		error = ERROR_MEMORY;
	if (!error && *n)
		error = lines_replace(letters, buffer_view(&kept));
	pthread_mutex_unlock(&letters->lock);
	buffer_free(&kept);
	return error;
}
