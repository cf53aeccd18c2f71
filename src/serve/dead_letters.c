/* dead_letters.c: the file of refused events. */
#include "serve/dead_letters.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/inventory.h"
#include "base/memory.h"
#include "base/refusal.h"
#include "base/report.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { EVENT_BYTES_KEPT = 32 * 1024, LINE_BYTES_MAX = 2 * EVENT_BYTES_KEPT, SYNC_MS = 1000 };

#define NAME "dead-letters.ndjson"

struct dead_letters {
	char folder[4096], path[4200];
	pthread_mutex_t lock;
	int file;
	off_t bytes;
	uint64_t n, unwritten;
	bool torn; /* The last line may have been written in part only. */
	/* A thread brings them to the disk: a power cut loses at most SYNC_MS of refusals, and nobody who sends waits. */
	pthread_cond_t wake;
	bool unsynced, stopping, runs;
	pthread_t thread;
};

/* ---- lines: a letter, and {"check":"16 hex digits"} of it as its last member ---- */

#define CHECK_KEY ",\"check\":\""
enum { CHECK_BYTES = sizeof CHECK_KEY - 1 + 16 + 2 };

static void check_format(char out[CHECK_BYTES + 1], struct text body)
{
	snprintf(out, CHECK_BYTES + 1, CHECK_KEY "%016" PRIx64 "\"}", XXH3_64bits(body.p, body.n));
}

/* The letter as it was refused, without its last brace. False: the line is not what was written. */
static bool body_of(struct text line, struct text *body)
{
	char check[CHECK_BYTES + 1];
	if (line.n < CHECK_BYTES)
		return false;
	*body = text_first(line, line.n - CHECK_BYTES);
	check_format(check, *body);
	return text_equal(text_from(line, body->n), text_of(check));
}

/* ---- opening ---- */

/* Name lines that are not what was written. The last one may be torn. */
static int lines_check(const struct dead_letters *letters)
{
	char *bytes = memory_alloc((size_t)letters->bytes + 1);
	if (!bytes)
		return ERROR_MEMORY;
	ssize_t got = pread(letters->file, bytes, (size_t)letters->bytes, 0);
	struct text rest = {bytes, got > 0 ? (size_t)got : 0}, line, body;
	size_t bad = 0, bad_at = 0;
	while (rest.n && text_find(rest, TEXT("\n"), NULL)) {
		text_next(&rest, '\n', &line);
		if (line.n && !body_of(line, &body))
			bad_at = bad++ ? bad_at : (size_t)(line.p - bytes);
	}
	if (bad)
		damage_found(NAME, bad_at, DAMAGE_LOST, "Nothing to do; `attune repair DIR` takes them out.",
		             "%zu refused events cannot be read and are left out of the list; the first begins here.", bad);
	memory_free(bytes);
	return got < 0 ? refuse(ERROR_IO, "%s cannot be read: %s.", letters->path, strerror(errno)) : 0;
}

int dead_letters_check(const char *folder)
{
	struct dead_letters letters = {0};
	struct stat status;
	snprintf(letters.path, sizeof letters.path, "%.4000s/" NAME, folder);
	letters.file = open(letters.path, O_RDONLY | O_CLOEXEC);
	if (letters.file < 0 || fstat(letters.file, &status) != 0) {
		bool missing = letters.file < 0 && errno == ENOENT;
		int failed = missing ? 0 : refuse(ERROR_IO, "%s cannot be read: %s.", letters.path, strerror(errno));
		if (missing && inventory_has(folder, NAME))
			damage_found(NAME, 0, DAMAGE_LOST, "Put it back from a backup, if you need the list.", "The file is missing: the list of refused events is empty.");
		if (letters.file >= 0)
			close(letters.file);
		return failed;
	}
	letters.bytes = status.st_size;
	int error = lines_check(&letters);
	close(letters.file);
	return error;
}

static void *run(void *arg)
{
	struct dead_letters *letters = arg;
	thread_name("letters");
	pthread_mutex_lock(&letters->lock);
	while (!letters->stopping) {
		if (!letters->unsynced) {
			pthread_cond_wait(&letters->wake, &letters->lock);
			continue;
		}
		struct timespec until = clock_deadline(SYNC_MS); /* Let more come. */
		while (!letters->stopping && pthread_cond_timedwait(&letters->wake, &letters->lock, &until) == 0)
			;
		letters->unsynced = false;
		int file = dup(letters->file);
		pthread_mutex_unlock(&letters->lock);
		if (file < 0 || fdatasync(file) != 0)
			report(REPORT_ERROR, "dead_letters_sync", "Refused events could not be brought to the disk: %s.", strerror(errno));
		if (file >= 0)
			close(file);
		pthread_mutex_lock(&letters->lock);
	}
	pthread_mutex_unlock(&letters->lock);
	return NULL;
}

static void stop(struct dead_letters *letters)
{
	if (!letters->runs)
		return;
	pthread_mutex_lock(&letters->lock);
	letters->stopping = true;
	pthread_cond_signal(&letters->wake);
	pthread_mutex_unlock(&letters->lock);
	pthread_join(letters->thread, NULL);
}

int dead_letters_open(struct dead_letters **out, const char *folder)
{
	struct stat status;
	struct dead_letters *letters = memory_zero_alloc(1, sizeof *letters);
	if (!letters)
		return ERROR_MEMORY;
	pthread_mutex_init(&letters->lock, NULL);
	clock_condition_init(&letters->wake);
	letters->file = -1;
	snprintf(letters->folder, sizeof letters->folder, "%s", folder);
	snprintf(letters->path, sizeof letters->path, "%s/" NAME, folder);
	if (!inventory_is_there(folder, NAME) && inventory_has(folder, NAME))
		damage_found(NAME, 0, DAMAGE_LOST, "Put it back from a backup, if you need the list.", "The file is missing: the list of refused events is empty.");
	letters->file = open(letters->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int error = letters->file < 0 || fstat(letters->file, &status) != 0 ? refuse(ERROR_IO, "%s cannot be opened: %s.", letters->path, strerror(errno)) : 0;
	if (!error) {
		letters->bytes = status.st_size;
		letters->torn = status.st_size > 0; /* Perhaps: a line end too many is skipped in reading. */
		error = lines_check(letters);
	}
	if (!error)
		error = inventory_add(folder, NAME);
	if (!error && pthread_create(&letters->thread, NULL, run, letters) != 0)
		error = ERROR_MEMORY;
	letters->runs = !error;
	if (error) {
		dead_letters_close(letters);
		return error;
	}
	*out = letters;
	return 0;
}

void dead_letters_close(struct dead_letters *letters)
{
	if (!letters)
		return;
	stop(letters);
	if (letters->file >= 0 && (fdatasync(letters->file) != 0 || close(letters->file) != 0))
		damage_found(NAME, 0, DAMAGE_LOST, "Nothing to do.", "The newest refused events could not be written.");
	pthread_mutex_destroy(&letters->lock);
	pthread_cond_destroy(&letters->wake);
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

/* Keep the newer half, in a file of its own until it is whole. Without room for it the older ones stay. */
static void halve(struct dead_letters *letters)
{
	char *bytes;
	struct text lines;
	if (tail_read(letters, DEAD_LETTERS_BYTES_MAX / 2, &bytes, &lines) != 0)
		return;
	if (lines_replace(letters, lines) == 0)
		letters->torn = false;
	memory_free(bytes);
}

static void letter_write(struct buffer *line, const struct dead_letter *letter)
{
	char check[CHECK_BYTES + 1];
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
	if (line->failed)
		return;
	check_format(check, buffer_view(line)); /* With the last brace. */
	buffer_string(line, check);
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
	letters->unsynced = true;
	pthread_cond_signal(&letters->wake);
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
	struct text body;
	return body_of(line, &body) && json_parse(parser, line, root) == 0 && json_type_of(*root) == JSON_OBJECT;
}

/* A part of the file while it is walked from its end. */
struct walk {
	struct json_parser *parser;
	char *bytes;    /* WALK_BYTES. */
	int file;       /* Stays what it was when the letters are written anew. */
	off_t start, end;
	bool (*take)(void *arg, struct text line, struct json root);
	void *arg;
};
enum { WALK_BYTES = 1024 * 1024 };

/* Take the whole lines of @lines, the last first. False: no more are wanted. */
static bool lines_take(struct walk *walk, struct text lines)
{
	struct json root;
	for (size_t end = lines.n; end > 0;) {
		size_t start = end - 1;
		while (start > 0 && lines.p[start - 1] != '\n')
			start--;
		struct text line = text_trim((struct text){lines.p + start, end - start});
		if (letter_read(walk->parser, line, &root) && !walk->take(walk->arg, line, root))
			return false;
		end = start;
	}
	return true;
}

/* Read back from the end, WALK_BYTES at a time. */
static int lines_of_walk(struct walk *walk)
{
	while (walk->end > walk->start) {
		const off_t from = walk->end - walk->start > WALK_BYTES ? walk->end - WALK_BYTES : walk->start;
		const size_t n = (size_t)(walk->end - from);
		if (pread(walk->file, walk->bytes, n, from) != (ssize_t)n)
			return ERROR_IO;
		struct text lines = {walk->bytes, n}, partial;
		if (from > 0) /* Its first line may have begun before; one that is longer than all this is no letter. */
			text_next(&lines, '\n', &partial);
		if (!lines_take(walk, lines))
			return 0;
		walk->end = from > walk->start && lines.n ? from + (off_t)(n - lines.n) : from;
	}
	return 0;
}

/* Call @take with whole lines of the last @bytes_max bytes, the newest first, until it returns false. */
static int lines_walk(struct dead_letters *letters, off_t bytes_max, bool (*take)(void *arg, struct text line, struct json root), void *arg)
{
	struct walk walk = {.parser = json_parser_new(LINE_BYTES_MAX * 4, 4), .bytes = memory_alloc(WALK_BYTES), .take = take, .arg = arg};
	pthread_mutex_lock(&letters->lock);
	walk.file = dup(letters->file);
	int error = walk.file < 0 ? error_of_file(errno) : !walk.parser || !walk.bytes ? ERROR_MEMORY : 0;
	walk.end = letters->bytes;
	pthread_mutex_unlock(&letters->lock);
	walk.start = walk.end > bytes_max ? walk.end - bytes_max : 0;
	if (!error)
		error = lines_of_walk(&walk);
	if (walk.file >= 0)
		close(walk.file);
	json_parser_free(walk.parser);
	memory_free(walk.bytes);
	return error;
}

struct listing {
	struct json_writer *writer;
	struct buffer bytes;
	size_t n;
};

static bool listing_take(void *arg, struct text line, struct json root)
{
	struct listing *listing = arg;
	struct text body;
	(void)root;
	if (listing->n == 0)
		return false;
	if (!body_of(line, &body))
		return true;
	listing->bytes.n = 0;
	buffer_text(&listing->bytes, body);
	buffer_char(&listing->bytes, '}');
	json_write_raw(listing->writer, buffer_view(&listing->bytes));
	listing->n--;
	return true;
}

int dead_letters_write(struct dead_letters *letters, struct json_writer *writer, size_t n)
{
	struct listing listing = {writer, BUFFER_INIT(LINE_BYTES_MAX * 4), n};
	json_array_begin(writer);
	int error = lines_walk(letters, 4 * 1024 * 1024, listing_take, &listing);
	json_array_end(writer);
	buffer_free(&listing.bytes);
	return error;
}

struct about {
	bool (*is_about)(void *arg, struct identifier named);
	void *arg;
	struct buffer *out;
	void (*written)(void *arg);
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
	const struct about *about = arg;
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
	about->written(about->arg);
	return true;
}

int dead_letters_about(struct dead_letters *letters, bool (*is_about)(void *arg, struct identifier named), void *arg, struct buffer *out,
                       void (*written)(void *arg))
{
	struct about about = {is_about, arg, out, written};
	return lines_walk(letters, DEAD_LETTERS_BYTES_MAX, about_take, &about);
}

int dead_letters_forget(struct dead_letters *letters, bool (*is_about)(void *arg, struct identifier named), void *arg, size_t *n)
{
	const struct about about = {.is_about = is_about, .arg = arg};
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
