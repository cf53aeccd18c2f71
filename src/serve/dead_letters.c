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

enum { EVENT_BYTES_KEPT = 32 * 1024, LINE_BYTES_MAX = 2 * EVENT_BYTES_KEPT };

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

static void letter_write(struct buffer *line, const struct dead_letter *letter)
{
	struct json_writer writer = JSON_WRITER(line);
	json_object_begin(&writer);
	json_put_time(&writer, "time", letter->time_ms);
	json_put_text(&writer, "source", letter->source);
	json_put_text(&writer, "code", text_of(letter->code));
	json_put_text(&writer, "message", letter->message);
	json_put_text(&writer, "event", text_cut(letter->event, EVENT_BYTES_KEPT));
	json_key(&writer, TEXT("identifiers"));
	json_array_begin(&writer);
	for (size_t i = 0; i < letter->named_n; i++) {
		json_object_begin(&writer);
		json_put_text(&writer, "type", letter->named[i].type);
		json_put_text(&writer, "value", letter->named[i].value);
		json_object_end(&writer);
	}
	json_array_end(&writer);
	json_object_end(&writer);
	buffer_char(line, '\n');
}

void dead_letters_add(struct dead_letters *letters, const struct dead_letter *letter)
{
	struct buffer line = BUFFER_INIT(LINE_BYTES_MAX * 4);
	letter_write(&line, letter);
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
static bool letter_read(struct json_parser *parser, struct text line, struct json *root)
{
	return line.n && json_parse(parser, line, root) == 0 && json_type_of(*root) == JSON_OBJECT;
}

/* Call @take with whole lines of the last @bytes_max bytes, the newest first, until it returns false. */
static int lines_walk(struct dead_letters *letters, size_t bytes_max, bool (*take)(void *arg, struct text line, struct json root), void *arg)
{
	char *bytes;
	struct text lines;
	struct json root;
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
		if (letter_read(parser, line, &root))
			more = take(arg, line, root);
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

static bool listing_take(void *arg, struct text line, struct json root)
{
	struct listing *listing = arg;
	(void)root;
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
	bool (*is_about)(void *arg, struct identifier named);
	void *arg;
	struct buffer *out;
};

/* Does the letter name somebody to whom @is_about says yes? */
static bool letter_is_about(const struct about *about, struct json root)
{
	struct json_cursor cursor = {0};
	struct json named;
	while (json_next_item(&cursor, json_get(root, TEXT("identifiers")), &named)) {
		struct identifier identifier = {json_text(json_get(named, TEXT("type"))), json_text(json_get(named, TEXT("value")))};
		if (about->is_about(about->arg, identifier))
			return true;
	}
	return false;
}

static bool about_take(void *arg, struct text line, struct json root)
{
	static const struct text members[] = {TEXT("time"), TEXT("code"), TEXT("message"), TEXT("event")};
	struct about *about = arg;
	struct json_writer writer = JSON_WRITER(about->out);
	(void)line;
	if (!letter_is_about(about, root))
		return true;
	json_object_begin(&writer);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_key(&writer, members[i]);
		json_write_text(&writer, json_text(json_get(root, members[i])));
	}
	json_object_end(&writer);
	buffer_char(about->out, '\n');
	return true;
}

int dead_letters_about(struct dead_letters *letters, bool (*is_about)(void *arg, struct identifier named), void *arg, struct buffer *out)
{
	struct about about = {is_about, arg, out};
	return lines_walk(letters, DEAD_LETTERS_BYTES_MAX, about_take, &about);
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

int dead_letters_forget(struct dead_letters *letters, bool (*is_about)(void *arg, struct identifier named), void *arg, size_t *n)
{
	const struct about about = {is_about, arg, NULL};
	char *bytes;
	struct text rest, line;
	struct json root;
	bool changed = false;
	struct json_parser *parser = json_parser_new(LINE_BYTES_MAX * 4, 4);
	*n = 0;
	if (!parser)
		return ERROR_MEMORY;
	pthread_mutex_lock(&letters->lock);
	int error = tail_read(letters, (size_t)letters->bytes, &bytes, &rest);
	struct buffer kept = BUFFER_INIT(2 * (size_t)DEAD_LETTERS_BYTES_MAX);
	while (!error && rest.n) {
		text_next(&rest, '\n', &line);
		bool is_whole = letter_read(parser, line, &root), is_theirs = is_whole && letter_is_about(&about, root);
		*n += is_theirs;
		changed |= is_theirs || !is_whole; /* A torn line names nobody any more, and might hold anybody's data. */
		if (is_theirs || !is_whole)
			continue;
		buffer_text(&kept, line);
		buffer_char(&kept, '\n');
	}
	if (!error)
		memory_free(bytes);
	if (!error && kept.failed)
		error = ERROR_MEMORY;
	if (!error && changed)
		error = lines_replace(letters, buffer_view(&kept));
	pthread_mutex_unlock(&letters->lock);
	json_parser_free(parser);
	buffer_free(&kept);
	return error;
}
