/* erasures.c: the register, in a file and in memory. */
#include "trust/erasures.h"

#include "base/checked_file.h"
#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/inventory.h"
#include "base/json.h"
#include "base/kept_file.h"
#include "base/memory.h"
#include "base/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { LINE_BYTES_MAX = 1024 * 1024, FILE_BYTES_MAX = 1024 * 1024 * 1024, HASH_HEX = 2 * sizeof(struct identifier_hash) };
static const int64_t SUPPRESS_MS = (int64_t)ERASURE_DAYS * MS_A_DAY;

static const struct kept_file register_file = {"sealing/erasures", "nobody knows who was erased and must stay erased", "a copy of the keys"};
static const char HEAD_FILE[] = "sealing/erasures-head";

struct item {
	struct erasure erasure;
	struct identifier_hash *hashes; /* NULL once they are old. */
	size_t hashes_n;
};

struct erasures {
	char folder[4096], path[4200];
	int file;
	uint64_t lines;          /* In the file, unreadable ones among them; also said in HEAD_FILE. */
	uint64_t unread;         /* Lines that cannot be read. They stay where they are. */
	pthread_mutex_t lock;
	struct arena arena;      /* Origins, hashes and certificates, for the life of the register. */
	struct item *items;
	size_t n, capacity;
	uint32_t *origins;       /* Of all. */
	size_t origins_n, origins_capacity;
	struct directory *hashes; /* To the number of the newest erasure of it, from 1. */
	_Atomic size_t hashes_n;
	bool has_old;            /* The file has hashes that are no longer kept. */
};

/* ---- lines: {"n":NUMBER, ... ,"check":"16 hex digits"} ---- */

#define CHECK_KEY ",\"check\":\""
enum { CHECK_HEX = 16, CHECK_BYTES = sizeof CHECK_KEY - 1 + CHECK_HEX + 2 };

static void check_format(char out[CHECK_BYTES + 1], struct text body)
{
	snprintf(out, CHECK_BYTES + 1, CHECK_KEY "%016" PRIx64 "\"}", XXH3_64bits(body.p, body.n));
}

/* What stands before the check. False: the line is not what was written. */
static bool body_of(struct text line, struct text *body)
{
	char check[CHECK_BYTES + 1];
	if (line.n < CHECK_BYTES)
		return false;
	*body = text_first(line, line.n - CHECK_BYTES);
	check_format(check, *body);
	return text_equal(text_from(line, body->n), text_of(check)) && text_is_utf8(line);
}

static void line_begin(struct json_writer *line, const struct item *item, uint64_t n, const char *step)
{
	json_object_begin(line);
	json_put_int(line, "n", (int64_t)n);
	json_put_text(line, "erasure", text_of(item->erasure.id));
	json_put_text(line, "step", text_of(step));
}

/* The last brace comes with the check. */
static void line_end(struct buffer *out, size_t start)
{
	char check[CHECK_BYTES + 1];
	if (out->failed)
		return;
	check_format(check, (struct text){out->p + start, out->n - start});
	buffer_string(out, check);
	buffer_char(out, '\n');
}

static void begun_line(struct buffer *out, const struct item *item, uint64_t n)
{
	size_t start = out->n;
	struct json_writer line = JSON_WRITER(out);
	char hex[HASH_HEX + 1];
	line_begin(&line, item, n, "begun");
	json_put_int(&line, "at", item->erasure.begun_ms);
	json_key(&line, TEXT("origins"));
	json_array_begin(&line);
	for (size_t i = 0; i < item->erasure.origins_n; i++)
		json_write_int(&line, item->erasure.origins[i]);
	json_array_end(&line);
	json_key(&line, TEXT("hashes"));
	json_array_begin(&line);
	for (size_t i = 0; i < item->hashes_n; i++) {
		sodium_bin2hex(hex, sizeof hex, (const uint8_t *)&item->hashes[i], sizeof item->hashes[i]);
		json_write_text(&line, text_of(hex));
	}
	json_array_end(&line);
	line_end(out, start);
}

static void done_line(struct buffer *out, const struct item *item, uint64_t n)
{
	size_t start = out->n;
	struct json_writer line = JSON_WRITER(out);
	line_begin(&line, item, n, "done");
	json_key(&line, TEXT("certificate"));
	json_write_raw(&line, item->erasure.certificate);
	line_end(out, start);
}

/* Say how many lines there are: a register that was cut behind a line is known by it. */
static int head_write(const struct erasures *erasures)
{
	char text[32];
	int n = snprintf(text, sizeof text, "lines %" PRIu64, erasures->lines);
	return checked_write(erasures->folder, HEAD_FILE, (struct text){text, (size_t)n});
}

static int line_write(struct erasures *erasures, const struct buffer *line)
{
	off_t end = lseek(erasures->file, 0, SEEK_END);
	if (line->failed)
		return ERROR_MEMORY;
	if (end < 0)
		return ERROR_IO;
	bool full = false;
	for (size_t at = 0; at < line->n;) {
		ssize_t n = write(erasures->file, line->p + at, line->n - at);
		if (n < 0 && errno == EINTR)
			continue;
		full = n < 0 && (errno == ENOSPC || errno == EDQUOT);
		if (n <= 0)
			return ftruncate(erasures->file, end) == 0 && full ? ERROR_FULL : ERROR_IO;
		at += (size_t)n;
	}
	if (fdatasync(erasures->file) != 0)
		return ERROR_IO;
	erasures->lines++;
	/* The step is taken. Without room for the head, the next line writes it. */
	int error = head_write(erasures);
	return error == ERROR_FULL ? 0 : error;
}

/* ---- in memory ---- */

static struct item *item_find(struct erasures *erasures, struct text id)
{
	for (size_t i = erasures->n; i-- > 0;)
		if (text_equal(text_of(erasures->items[i].erasure.id), id))
			return &erasures->items[i];
	return NULL;
}

/* Enter @item, whose arrays are in the arena. */
static int item_enter(struct erasures *erasures, const struct item *item)
{
	int error = memory_grow(&erasures->items, &erasures->capacity, erasures->n + 1, sizeof *erasures->items);
	if (!error)
		error = memory_grow(&erasures->origins, &erasures->origins_capacity, erasures->origins_n + item->erasure.origins_n, sizeof(uint32_t));
	for (size_t i = 0; i < item->hashes_n && !error; i++)
		error = directory_set(erasures->hashes, item->hashes[i], (uint32_t)erasures->n + 1);
	if (error)
		return error;
	if (item->erasure.origins_n)
		memcpy(erasures->origins + erasures->origins_n, item->erasure.origins, item->erasure.origins_n * sizeof(uint32_t));
	erasures->origins_n += item->erasure.origins_n;
	erasures->items[erasures->n++] = *item;
	atomic_fetch_add(&erasures->hashes_n, item->hashes_n);
	return 0;
}

static int arrays_make(struct erasures *erasures, struct item *item, size_t origins_n, size_t hashes_n, uint32_t **origins)
{
	*origins = arena_alloc(&erasures->arena, (origins_n + 1) * sizeof **origins);
	item->hashes = arena_alloc(&erasures->arena, (hashes_n + 1) * sizeof *item->hashes);
	item->erasure.origins = *origins;
	return *origins && item->hashes ? 0 : ERROR_MEMORY;
}

static bool id_take(char id[ERASURE_ID_BYTES], struct text text)
{
	if (text.n != ERASURE_ID_BYTES - 1)
		return false;
	memcpy(id, text.p, text.n);
	id[text.n] = 0;
	return true;
}

static int begun_take(struct erasures *erasures, struct json line, int64_t now_ms)
{
	struct item item = {0};
	struct json origins = json_get(line, TEXT("origins")), hashes = json_get(line, TEXT("hashes")), value;
	uint32_t *numbers;
	int64_t number;
	if (!id_take(item.erasure.id, json_text(json_get(line, TEXT("erasure")))) || !json_int(json_get(line, TEXT("at")), &item.erasure.begun_ms) ||
	    item.erasure.begun_ms < 0 || item.erasure.begun_ms > INT64_MAX - SUPPRESS_MS)
		return ERROR_CORRUPT;
	int error = arrays_make(erasures, &item, json_count(origins), json_count(hashes), &numbers);
	for (struct json_cursor cursor = {0}; !error && json_next_item(&cursor, origins, &value);) {
		if (!json_int(value, &number) || number <= 0 || number > UINT32_MAX)
			return ERROR_CORRUPT;
		numbers[item.erasure.origins_n++] = (uint32_t)number;
	}
	if (item.erasure.begun_ms + SUPPRESS_MS < now_ms) {
		erasures->has_old |= json_count(hashes) > 0;
		return error ? error : item_enter(erasures, &item);
	}
	for (struct json_cursor cursor = {0}; !error && json_next_item(&cursor, hashes, &value);) {
		struct text hex = json_text(value);
		size_t n;
		if (hex.n != HASH_HEX || sodium_hex2bin((uint8_t *)&item.hashes[item.hashes_n], sizeof *item.hashes, hex.p, hex.n, NULL, &n, NULL) != 0)
			return ERROR_CORRUPT;
		item.hashes_n++;
	}
	return error ? error : item_enter(erasures, &item);
}

/* The item of a line "done". The line "begun" before it may be unreadable: then all that is known is the certificate. */
static struct item *done_item(struct erasures *erasures, struct text id, int *error)
{
	struct item *found = item_find(erasures, id), item = {0};
	uint32_t *numbers;
	if (found)
		return found;
	*error = !id_take(item.erasure.id, id) ? ERROR_CORRUPT : arrays_make(erasures, &item, 0, 0, &numbers);
	if (!*error)
		*error = item_enter(erasures, &item);
	return *error ? NULL : &erasures->items[erasures->n - 1];
}

static int line_take(struct erasures *erasures, struct json_parser *parser, struct text text, int64_t now_ms)
{
	static const char key[] = "\"certificate\":";
	struct json line;
	struct text body;
	size_t at;
	int error = 0;
	if (!body_of(text, &body) || json_parse(parser, text, &line) != 0 || json_type_of(line) != JSON_OBJECT)
		return ERROR_CORRUPT;
	if (text_equal(json_text(json_get(line, TEXT("step"))), TEXT("begun")))
		return begun_take(erasures, line, now_ms);
	if (!text_find(body, text_of(key), &at))
		return ERROR_CORRUPT;
	struct item *item = done_item(erasures, json_text(json_get(line, TEXT("erasure"))), &error);
	if (!item)
		return error;
	/* The certificate is kept to the byte, for its signature: it is the rest of the line. */
	item->erasure.certificate = text_copy(&erasures->arena, text_from(body, at + sizeof key - 1));
	item->erasure.done = true;
	return item->erasure.certificate.p ? 0 : ERROR_MEMORY;
}

/* ---- opening ---- */

#define REMEDY "Put a copy of the keys back over the folder sealing; or run `attune repair DIR`, which takes these lines out and keeps them beside it."

static void line_say(const struct erasures *erasures, size_t at)
{
	damage_found(register_file.name, at, DAMAGE_LOST, REMEDY,
	             "Line %" PRIu64 " of the register of erasures cannot be read: that certificate is lost. The keys that were destroyed stay destroyed.",
	             erasures->lines);
}

/* How many lines were durable; 0 when nothing says so. */
static int head_read(const struct erasures *erasures, uint64_t *lines)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	int64_t n = 0;
	int error = checked_read(erasures->folder, HEAD_FILE, &content);
	if (!error && (text_to_int64(text_from(buffer_view(&content), 6), &n) != 0 || n < 0))
		error = ERROR_CORRUPT;
	buffer_free(&content);
	*lines = error ? 0 : (uint64_t)n;
	return error;
}

/* Behind the last whole line: nothing, half a line whose step was not taken, or what is left of one that was. */
static int end_mend(struct erasures *erasures, struct text bytes, size_t sound)
{
	uint64_t durable;
	int error = head_read(erasures, &durable);
	if (error && error != ERROR_NOT_FOUND && error != ERROR_CORRUPT)
		return error;
	if (error && erasures->lines > 1) /* Not at the first line, cut short. */
		damage_found(HEAD_FILE, 0, DAMAGE_REBUILT, "Nothing to do.", "The count of the lines of the register of erasures was missing or damaged; it was made again.");
	bool behind = erasures->lines < durable;
	if (sound < bytes.n && !behind) {
		error = ftruncate(erasures->file, (off_t)sound) == 0 && fdatasync(erasures->file) == 0 ? 0 : ERROR_IO;
		return error ? error : erasures->lines == durable ? 0 : head_write(erasures);
	}
	if (sound < bytes.n && (write(erasures->file, "\n", 1) != 1 || fdatasync(erasures->file) != 0)) /* It stays, as a line. */
		return ERROR_IO;
	if (behind) {
		damage_found(register_file.name, bytes.n, DAMAGE_LOST, REMEDY, "The register of erasures ends after line %" PRIu64 " of %" PRIu64 ": the others are lost.",
		             erasures->lines, durable);
		erasures->unread += durable - erasures->lines;
	}
	return erasures->lines == durable || behind ? 0 : head_write(erasures);
}

/* Read the lines; one that is damaged names itself and hurts no other. */
static int file_take(struct erasures *erasures, struct text bytes, int64_t now_ms)
{
	struct json_parser *parser = json_parser_new(LINE_BYTES_MAX, 16);
	struct text rest = bytes, line;
	int error = parser ? 0 : ERROR_MEMORY;
	size_t sound = 0;
	while (!error && rest.n && text_find(rest, TEXT("\n"), NULL)) {
		text_next(&rest, '\n', &line);
		erasures->lines++;
		error = line_take(erasures, parser, line, now_ms);
		if (error == ERROR_CORRUPT) {
			line_say(erasures, (size_t)(line.p - bytes.p));
			erasures->unread++;
			error = 0;
		}
		sound = (size_t)(line.p + line.n + 1 - bytes.p);
	}
	json_parser_free(parser);
	return error ? error : end_mend(erasures, bytes, sound);
}

/* Write the register again, without the hashes that are old. */
static int rewrite(struct erasures *erasures)
{
	struct buffer all = BUFFER_INIT(FILE_BYTES_MAX);
	uint64_t n = 0;
	for (size_t i = 0; i < erasures->n; i++) {
		begun_line(&all, &erasures->items[i], ++n);
		if (erasures->items[i].erasure.done)
			done_line(&all, &erasures->items[i], ++n);
	}
	int error = all.failed ? ERROR_MEMORY : file_replace(erasures->path, buffer_view(&all));
	buffer_free(&all);
	if (error) /* On a full disk the old hashes stay until a later start. */
		return error == ERROR_FULL ? 0 : error;
	close(erasures->file);
	erasures->file = open(erasures->path, O_RDWR | O_APPEND | O_CLOEXEC);
	erasures->lines = n;
	erasures->unread = 0;
	return erasures->file < 0 ? ERROR_IO : head_write(erasures);
}

static int file_read_all(struct erasures *erasures, int64_t now_ms)
{
	struct stat status;
	if (!inventory_is_there(erasures->folder, register_file.name) && inventory_has(erasures->folder, register_file.name))
		return kept_file_refuse(&register_file, "missing");
	erasures->file = open(erasures->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (erasures->file < 0 || fstat(erasures->file, &status) != 0 || status.st_size > FILE_BYTES_MAX)
		return refuse(ERROR_IO, "%s cannot be read: %s.", erasures->path, strerror(errno));
	char *bytes = memory_alloc((size_t)status.st_size + 1);
	if (!bytes)
		return ERROR_MEMORY;
	ssize_t got = pread(erasures->file, bytes, (size_t)status.st_size, 0);
	struct text all = {bytes, got > 0 ? (size_t)got : 0};
	int error = got != status.st_size ? ERROR_IO : file_take(erasures, all, now_ms);
	memory_free(bytes);
	/* What cannot be read stays as it is, until somebody has it repaired. */
	if (!error && erasures->has_old && !erasures->unread)
		error = rewrite(erasures);
	return error ? error : inventory_add(erasures->folder, register_file.name);
}

int erasures_open(struct erasures **out, const char *folder, int64_t now_ms)
{
	static const uint8_t no_key[DIRECTORY_KEY_BYTES]; /* What is entered is hashed already. */
	char sealing[4200];
	struct erasures *erasures = memory_zero_alloc(1, sizeof *erasures);
	if (!erasures)
		return ERROR_MEMORY;
	erasures->file = -1;
	pthread_mutex_init(&erasures->lock, NULL);
	arena_init(&erasures->arena, FILE_BYTES_MAX);
	erasures->hashes = directory_new(no_key);
	snprintf(erasures->folder, sizeof erasures->folder, "%s", folder);
	snprintf(sealing, sizeof sealing, "%.4000s/sealing", folder);
	snprintf(erasures->path, sizeof erasures->path, "%.4000s/sealing/erasures", folder);
	int error = erasures->hashes ? folder_make(sealing) : ERROR_MEMORY;
	if (!error)
		error = file_read_all(erasures, now_ms);
	if (error) {
		erasures_close(erasures);
		return error;
	}
	*out = erasures;
	return 0;
}

void erasures_close(struct erasures *erasures)
{
	if (!erasures)
		return;
	if (erasures->file >= 0)
		close(erasures->file);
	directory_free(erasures->hashes);
	memory_free(erasures->items);
	memory_free(erasures->origins);
	arena_free(&erasures->arena);
	pthread_mutex_destroy(&erasures->lock);
	memory_free(erasures);
}

int erasures_check(const char *folder)
{
	struct erasures erasures = {0};
	struct buffer bytes = BUFFER_INIT(FILE_BYTES_MAX);
	struct text rest, line, body;
	uint64_t durable = 0;
	snprintf(erasures.folder, sizeof erasures.folder, "%s", folder);
	if (!inventory_is_there(folder, register_file.name)) {
		if (inventory_has(folder, register_file.name))
			(void)kept_file_refuse(&register_file, "missing");
		return 0;
	}
	snprintf(erasures.path, sizeof erasures.path, "%.4000s/sealing/erasures", folder);
	int error = file_load(erasures.path, &bytes);
	for (rest = buffer_view(&bytes); !error && rest.n && text_find(rest, TEXT("\n"), NULL);) {
		text_next(&rest, '\n', &line);
		erasures.lines++;
		if (!body_of(line, &body))
			line_say(&erasures, (size_t)(line.p - bytes.p));
	}
	int head = error ? 0 : head_read(&erasures, &durable);
	if (head && head != ERROR_CORRUPT && head != ERROR_NOT_FOUND)
		error = head;
	if (head == ERROR_CORRUPT || (head == ERROR_NOT_FOUND && erasures.lines > 1))
		damage_found(HEAD_FILE, 0, DAMAGE_REBUILT, "Nothing to do: a start makes it again.", "The count of the lines of the register of erasures is missing or damaged.");
	if (erasures.lines < durable)
		damage_found(register_file.name, bytes.n, DAMAGE_LOST, REMEDY, "The register of erasures ends after line %" PRIu64 " of %" PRIu64 ": the others are lost.", erasures.lines, durable);
	buffer_free(&bytes);
	return error;
}

/* ---- steps ---- */

int erasures_begin(struct erasures *erasures, int64_t now_ms, const uint32_t *origins, size_t origins_n, const struct identifier_hash *hashes,
                   size_t hashes_n, char id[ERASURE_ID_BYTES])
{
	struct item item = {.erasure = {.begun_ms = now_ms, .origins_n = origins_n}, .hashes_n = hashes_n};
	struct buffer line = BUFFER_INIT(LINE_BYTES_MAX);
	uint8_t random[(ERASURE_ID_BYTES - 1) / 2];
	uint32_t *numbers = NULL;
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(item.erasure.id, sizeof item.erasure.id, random, sizeof random);
	pthread_mutex_lock(&erasures->lock);
	int error = erasures->n >= ERASURES_MAX ? ERROR_LIMIT : arrays_make(erasures, &item, origins_n, hashes_n, &numbers);
	if (!error) {
		memcpy(numbers, origins, origins_n * sizeof *origins);
		if (hashes_n)
			memcpy(item.hashes, hashes, hashes_n * sizeof *hashes);
		begun_line(&line, &item, erasures->lines + 1);
		error = line_write(erasures, &line);
	}
	if (!error)
		error = item_enter(erasures, &item);
	pthread_mutex_unlock(&erasures->lock);
	buffer_free(&line);
	if (!error)
		memcpy(id, item.erasure.id, ERASURE_ID_BYTES);
	return error;
}

int erasures_done(struct erasures *erasures, const char *id, struct text certificate)
{
	struct buffer line = BUFFER_INIT(LINE_BYTES_MAX);
	pthread_mutex_lock(&erasures->lock);
	struct item *item = item_find(erasures, text_of(id)), done = {0};
	int error = !item ? ERROR_NOT_FOUND : !text_is_utf8(certificate) || memchr(certificate.p, '\n', certificate.n) ? ERROR_INVALID : 0;
	if (!error) {
		done = *item;
		done.erasure.certificate = text_copy(&erasures->arena, certificate);
		done.erasure.done = true;
		done_line(&line, &done, erasures->lines + 1);
		error = done.erasure.certificate.p ? line_write(erasures, &line) : ERROR_MEMORY;
	}
	if (!error)
		*item = done;
	pthread_mutex_unlock(&erasures->lock);
	buffer_free(&line);
	return error;
}

int erasures_repair(struct erasures *erasures, uint64_t *taken_out)
{
	char aside[FILE_ASIDE_BYTES];
	*taken_out = erasures->unread;
	if (!erasures->unread)
		return 0;
	int error = file_keep_aside(erasures->path, aside);
	return error ? error : rewrite(erasures);
}

/* ---- reading ---- */

const uint32_t *erasures_origins(const struct erasures *erasures, size_t *n)
{
	*n = erasures->origins_n;
	return erasures->origins;
}

bool erasures_any(const struct erasures *erasures)
{
	return erasures && atomic_load_explicit(&erasures->hashes_n, memory_order_relaxed) > 0;
}

bool erasures_suppress(struct erasures *erasures, struct identifier_hash hash, int64_t time_ms, int64_t now_ms)
{
	pthread_mutex_lock(&erasures->lock);
	uint32_t number = directory_find(erasures->hashes, hash);
	int64_t begun_ms = number ? erasures->items[number - 1].erasure.begun_ms : 0;
	pthread_mutex_unlock(&erasures->lock);
	return number && time_ms <= begun_ms && now_ms <= begun_ms + SUPPRESS_MS;
}

bool erasures_of(struct erasures *erasures, struct identifier_hash hash, struct erasure *out)
{
	if (!erasures_any(erasures))
		return false;
	pthread_mutex_lock(&erasures->lock);
	uint32_t number = directory_find(erasures->hashes, hash);
	if (number)
		*out = erasures->items[number - 1].erasure;
	pthread_mutex_unlock(&erasures->lock);
	return number != 0;
}

size_t erasures_count(struct erasures *erasures)
{
	pthread_mutex_lock(&erasures->lock);
	size_t n = erasures->n;
	pthread_mutex_unlock(&erasures->lock);
	return n;
}

bool erasures_get(struct erasures *erasures, size_t index, struct erasure *out)
{
	pthread_mutex_lock(&erasures->lock);
	bool found = index < erasures->n;
	if (found)
		*out = erasures->items[index].erasure;
	pthread_mutex_unlock(&erasures->lock);
	return found;
}

bool erasures_find(struct erasures *erasures, struct text id, struct erasure *out)
{
	pthread_mutex_lock(&erasures->lock);
	const struct item *item = item_find(erasures, id);
	if (item)
		*out = item->erasure;
	pthread_mutex_unlock(&erasures->lock);
	return item != NULL;
}

const struct identifier_hash *erasures_hashes(struct erasures *erasures, const char *id, size_t *n)
{
	pthread_mutex_lock(&erasures->lock);
	const struct item *item = item_find(erasures, text_of(id));
	const struct identifier_hash *hashes = item ? item->hashes : NULL;
	*n = item ? item->hashes_n : 0;
	pthread_mutex_unlock(&erasures->lock);
	return hashes;
}
