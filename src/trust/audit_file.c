/* audit_file.c: lines and files of the audit log, and checking them. */
#include "trust/audit_file.h"

#include "base/folder.h"
#include "base/inventory.h"
#include "base/json.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { FILE_BYTES_MAX = 4 * AUDIT_FILE_BYTES, HASH_HEX = AUDIT_HEX_BYTES - 1,
       AUDIT_TEXT_BYTES = AUDIT_WHO_BYTES + AUDIT_REASON_BYTES + AUDIT_WORDS_BYTES };

static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
	AUDIT_WHATS(X)
#undef X
};

const char *audit_what_name(enum audit_what what)
{
	return names[what];
}

bool audit_what_parse(struct text name, enum audit_what *what)
{
	for (unsigned i = 0; i < AUDIT_WHAT_COUNT; i++)
		if (text_equal(name, text_of(names[i]))) {
			*what = (enum audit_what)i;
			return true;
		}
	return false;
}

/* ---- a line: {"n":N,"before":"HASH", ... ,"hash":"HASH"} ---- */

#define HASH_KEY ",\"hash\":\""
#define BEFORE_KEY ",\"before\":\""

static void hash_of(struct text line, char hex[AUDIT_HEX_BYTES])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const unsigned char *)line.p, line.n);
	sodium_bin2hex(hex, AUDIT_HEX_BYTES, hash, sizeof hash);
}

/* Text from outside that is not UTF-8 would make its line unreadable: each byte that is not ASCII becomes a question mark. */
static struct text safe(struct text text, size_t n, char room[AUDIT_TEXT_BYTES])
{
	if (text_is_utf8(text))
		return text_cut(text, n);
	n = text.n < n ? text.n : n;
	for (size_t i = 0; i < n; i++)
		room[i] = (unsigned char)text.p[i] < 0x80 ? text.p[i] : '?';
	return (struct text){room, n};
}

void audit_line_write(struct buffer *out, struct audit_mark *mark, const struct audit_act *act)
{
	char room[AUDIT_TEXT_BYTES];
	size_t start = out->n;
	struct json_writer line = JSON_WRITER(out);
	json_object_begin(&line);
	json_put_int(&line, "n", (int64_t)(mark->n + 1));
	json_put_text(&line, "before", text_of(mark->hash));
	json_put_time(&line, "time", act->time_ms);
	json_put_text(&line, "who", safe(act->who, AUDIT_WHO_BYTES, room));
	json_put_text(&line, "what", text_of(names[act->what]));
	json_put_text(&line, "about", text_of(act->about ? act->about : ""));
	json_put_text(&line, "reason", safe(act->reason, AUDIT_REASON_BYTES, room));
	json_put_text(&line, "words", safe(act->words, AUDIT_WORDS_BYTES, room));
	if (out->failed)
		return;
	mark->n++;
	hash_of((struct text){out->p + start, out->n - start}, mark->hash);
	json_put_text(&line, "hash", text_of(mark->hash));
	json_object_end(&line);
	buffer_char(out, '\n');
}

/* Take @literal off the front. */
static bool take(struct text *rest, struct text literal)
{
	bool fits = text_starts(*rest, literal);
	if (fits)
		*rest = text_from(*rest, literal.n);
	return fits;
}

bool audit_line_read(struct text line, struct audit_mark *mark, char before[AUDIT_HEX_BYTES])
{
	const struct text end = TEXT("\"}"), key = TEXT(HASH_KEY);
	struct text rest = line, number;
	char hash[AUDIT_HEX_BYTES];
	int64_t n;
	if (line.n < key.n + HASH_HEX + end.n || !text_ends(line, end))
		return false;
	struct text body = text_first(line, line.n - end.n - HASH_HEX - key.n);
	hash_of(body, hash);
	if (!text_starts(text_from(line, body.n), key) || memcmp(line.p + body.n + key.n, hash, HASH_HEX) != 0)
		return false;
	if (!take(&rest, TEXT("{\"n\":")) || !text_find(rest, TEXT(","), &number.n))
		return false;
	number.p = rest.p;
	rest = text_from(rest, number.n);
	if (text_to_int64(number, &n) != 0 || n < 1 || !take(&rest, TEXT(BEFORE_KEY)) || rest.n < HASH_HEX)
		return false;
	mark->n = (uint64_t)n;
	memcpy(mark->hash, hash, AUDIT_HEX_BYTES);
	memcpy(before, rest.p, HASH_HEX);
	before[HASH_HEX] = 0;
	return true;
}

/* ---- files: FOLDER/audit/NUMBER OF THE FIRST ENTRY.ndjson ---- */

void audit_file_path(char path[AUDIT_PATH_BYTES], const char *folder, uint64_t first)
{
	snprintf(path, AUDIT_PATH_BYTES, "%s/audit/%012" PRIu64 ".ndjson", folder, first);
}

static int compare(const void *a, const void *b)
{
	uint64_t left, right;
	memcpy(&left, a, sizeof left);
	memcpy(&right, b, sizeof right);
	return left < right ? -1 : left > right;
}

int audit_files_list(const char *folder, uint64_t **firsts, size_t *n)
{
	char path[AUDIT_PATH_BYTES];
	uint64_t *found = NULL;
	size_t count = 0, capacity = 0;
	int error = 0;
	snprintf(path, sizeof path, "%s/audit", folder);
	DIR *items = opendir(path);
	if (!items)
		return errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;
	for (const char *item; !error && !(error = folder_next(items, &item)) && item;) {
		struct text name = text_of(item), digits = text_first(name, name.n < 7 ? 0 : name.n - 7);
		int64_t first;
		if (!text_ends(name, TEXT(".ndjson")) || text_to_int64(digits, &first) != 0 || first < 1)
			continue;
		error = memory_grow(&found, &capacity, count + 1, sizeof *found);
		if (!error)
			found[count++] = (uint64_t)first;
	}
	closedir(items);
	if (error) {
		memory_free(found);
		return error;
	}
	if (count)
		qsort(found, count, sizeof *found, compare);
	*firsts = found;
	*n = count;
	return 0;
}

int audit_file_read(const char *folder, uint64_t first, struct text *text)
{
	char path[AUDIT_PATH_BYTES];
	struct stat status;
	audit_file_path(path, folder, first);
	int file = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	if (file < 0 || fstat(file, &status) != 0)
		error = ERROR_IO;
	else if (status.st_size > FILE_BYTES_MAX)
		error = ERROR_LIMIT;
	size_t size = error ? 0 : (size_t)status.st_size, n = 0;
	char *bytes = error ? NULL : memory_alloc(size + 1);
	if (!error && !bytes)
		error = ERROR_MEMORY;
	while (!error && n < size) {
		ssize_t got = read(file, bytes + n, size - n);
		if (got <= 0) {
			error = got < 0 ? ERROR_IO : 0;
			break;
		}
		n += (size_t)got;
	}
	if (file >= 0)
		close(file);
	if (error)
		memory_free(bytes);
	else
		*text = (struct text){bytes, n};
	return error;
}

void audit_head_format(char out[AUDIT_HEAD_BYTES + 1], const struct audit_mark *head)
{
	int n = snprintf(out, AUDIT_HEAD_BYTES + 1, "%020" PRIu64 " %s ", head->n, head->hash);
	snprintf(out + n, (size_t)(AUDIT_HEAD_BYTES + 1 - n), "%016" PRIx64 "\n", XXH3_64bits(out, (size_t)n));
}

/* @bytes is one longer than what was written. */
static int head_read_once(const char *folder, struct audit_mark *head)
{
	char path[AUDIT_PATH_BYTES], bytes[AUDIT_HEAD_BYTES + 1], again[AUDIT_HEAD_BYTES + 1];
	struct audit_mark found = {0};
	int64_t n;
	snprintf(path, sizeof path, "%s/audit/head", folder);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;
	ssize_t got = read(file, bytes, sizeof bytes);
	close(file);
	if (got < 0)
		return ERROR_IO;
	if (got != AUDIT_HEAD_BYTES || text_to_int64((struct text){bytes, 20}, &n) != 0 || n < 0)
		return ERROR_CORRUPT;
	found.n = (uint64_t)n;
	memcpy(found.hash, bytes + 21, HASH_HEX);
	audit_head_format(again, &found);
	if (memcmp(bytes, again, AUDIT_HEAD_BYTES) != 0)
		return ERROR_CORRUPT;
	*head = found;
	return 0;
}

int audit_head_read(const char *folder, struct audit_mark *head)
{
	int error = head_read_once(folder, head);
	for (int i = 0; i < 3 && error == ERROR_CORRUPT; i++) { /* Beside a server it may be half written just now. */
		usleep(2000);
		error = head_read_once(folder, head);
	}
	return error;
}

/* ---- checking ---- */

struct checking {
	struct audit_verified *out;
	struct audit_mark last, head; /* head.n 0: nothing says how far it was durable. */
	const char *hash;
};

static int broken(struct checking *checking, const char *format, uint64_t a, uint64_t b)
{
	checking->out->broken = checking->last.n + 1;
	snprintf(checking->out->problem, sizeof checking->out->problem, format, a, b);
	return ERROR_CORRUPT;
}

#define MISSING "Entries %" PRIu64 " to %" PRIu64 " are missing."

static int line_check(struct checking *checking, struct text line)
{
	struct audit_mark mark;
	char before[AUDIT_HEX_BYTES];
	uint64_t wanted = checking->last.n + 1;
	if (!audit_line_read(line, &mark, before))
		return broken(checking, "Entry %" PRIu64 " was altered or cut.%.0" PRIu64, wanted, 0);
	if (mark.n > wanted)
		return broken(checking, MISSING, wanted, mark.n - 1);
	if (mark.n < wanted)
		return broken(checking, "Where entry %" PRIu64 " belongs stands entry %" PRIu64 ".", wanted, mark.n);
	if (strcmp(before, checking->last.hash) != 0)
		return broken(checking, "Entry %" PRIu64 " does not follow entry %" PRIu64 " as that stands now.", wanted, wanted - 1);
	if (mark.n == checking->head.n && strcmp(mark.hash, checking->head.hash) != 0)
		return broken(checking, "Entry %" PRIu64 " is not the one that was made durable.%.0" PRIu64, wanted, 0);
	checking->last = mark;
	if (checking->hash && strcmp(checking->hash, mark.hash) == 0)
		checking->out->holds = true;
	return 0;
}

/* @is_last: only there a line may still be on its way. */
static int file_check(struct checking *checking, struct text rest, bool is_last)
{
	int error = 0;
	while (!error && rest.n) {
		size_t end = rest.n;
		bool whole = text_find(rest, TEXT("\n"), &end);
		if (!whole && is_last && checking->last.n >= checking->head.n)
			return 0;
		error = whole ? line_check(checking, text_first(rest, end))
		              : broken(checking, "Entry %" PRIu64 " is cut in the middle.%.0" PRIu64, checking->last.n + 1, 0);
		rest = text_from(rest, end + 1);
	}
	return error;
}

int audit_verify(struct audit_verified *out, const char *folder, const char *hash)
{
	struct checking checking = {.out = out, .last = AUDIT_MARK_NONE, .hash = hash};
	uint64_t *firsts = NULL;
	size_t n = 0;
	*out = (struct audit_verified){0};
	int head_error = audit_head_read(folder, &checking.head); /* Before the files: what comes meanwhile is behind it. */
	if (head_error == ERROR_IO)
		return ERROR_IO;
	if (head_error)
		checking.head = AUDIT_MARK_NONE;
	int error = audit_files_list(folder, &firsts, &n);
	for (size_t i = 0; i < n && !error; i++) {
		struct text text;
		error = audit_file_read(folder, firsts[i], &text);
		if (error)
			break;
		if (firsts[i] != checking.last.n + 1)
			error = broken(&checking, MISSING, checking.last.n + 1, firsts[i] - 1);
		else
			error = file_check(&checking, text, i + 1 == n);
		memory_free((void *)text.p);
	}
	if (!error && checking.head.n > checking.last.n)
		error = broken(&checking, MISSING, checking.last.n + 1, checking.head.n);
	if (!error && (head_error == ERROR_CORRUPT || (head_error && inventory_has(folder, "audit/head"))))
		error = broken(&checking, "audit/head is damaged or missing: entries cut from the end would not be noticed. A start of the server makes it again.%.0" PRIu64 "%.0" PRIu64, 0, 0);
	memory_free(firsts);
	out->n = checking.last.n;
	if (out->n)
		memcpy(out->last, checking.last.hash, sizeof out->last);
	return error;
}
