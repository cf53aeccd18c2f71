/* seen.c: a file an hour. */
#include "engine/seen.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/memory.h"
#include "engine/receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HOURS_MAX = 64, GATHER = 16 * 1024, AHEAD = 32 };

struct hour {
	int64_t hour;
	struct seen_length length, flushed; /* Of the hashes that count; and that will. */
	uint64_t *gathered;        /* Of the flush that goes on; GATHER of them. */
	size_t gathered_n;
	bool grew;
};

struct seen {
	char folder[4200];
	struct hour hours[HOURS_MAX]; /* In no order. */
	size_t hours_n;
};

int seen_open(struct seen **out, const char *folder)
{
	int error = folder_make(folder);
	struct seen *seen = error ? NULL : memory_zero_alloc(1, sizeof *seen);
	if (!seen)
		return error ? error : ERROR_MEMORY;
	snprintf(seen->folder, sizeof seen->folder, "%s", folder);
	*out = seen;
	return 0;
}

void seen_close(struct seen *seen)
{
	for (size_t i = 0; seen && i < seen->hours_n; i++)
		memory_free(seen->hours[i].gathered);
	memory_free(seen);
}

static void path_of(const struct seen *seen, int64_t hour, char path[4300])
{
	snprintf(path, 4300, "%s/%" PRId64 ".hashes", seen->folder, hour);
}

static struct hour *hour_of(struct seen *seen, int64_t number)
{
	for (size_t i = 0; i < seen->hours_n; i++)
		if (seen->hours[i].hour == number)
			return &seen->hours[i];
	if (seen->hours_n == HOURS_MAX)
		return NULL;
	seen->hours[seen->hours_n] = (struct hour){.hour = number};
	return &seen->hours[seen->hours_n++];
}

int seen_restore(struct seen *seen, int64_t number, struct seen_length length)
{
	if (number < 0 || number >= INT64_MAX / MS_AN_HOUR)
		return ERROR_CORRUPT;
	struct hour *hour = hour_of(seen, number);
	if (!hour)
		return ERROR_MEMORY;
	hour->length = hour->flushed = length;
	return 0;
}

/* Each hash stirred, so that two changes do not make up for each other (splitmix64). */
static uint64_t sum_of(const uint64_t *hashes, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t x = hashes[i] + 0x9e3779b97f4a7c15u;
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
		x = (x ^ x >> 27) * 0x94d049bb133111ebu;
		sum += x ^ x >> 31;
	}
	return sum;
}

/* ---- loading ---- */

/* Note @n hashes, the memory of each fetched a little before its turn. */
static int hashes_note(struct dedupe *dedupe, const uint64_t *hashes, size_t n, int64_t received_ms)
{
	bool was;
	int error = 0;
	for (size_t i = 0; i < n && !error; i++) {
		if (i + AHEAD < n)
			dedupe_fetch(dedupe, hashes[i + AHEAD], received_ms);
		error = dedupe_note(dedupe, hashes[i], received_ms, &was);
	}
	return error;
}

static int hour_refuse(const struct hour *hour, const char *what)
{
	char name[64];
	snprintf(name, sizeof name, "seen/%" PRId64 ".hashes", hour->hour);
	damage_found(name, 0, DAMAGE_REBUILT, "Nothing to do.", "The hashes of the messages of an hour were %s; they were read again from the log.", what);
	return ERROR_CORRUPT;
}

static int hour_load(const struct seen *seen, const struct hour *hour, struct dedupe *dedupe)
{
	char path[4300];
	path_of(seen, hour->hour, path);
	uint64_t *hashes = memory_alloc(GATHER * sizeof *hashes), sum = 0;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	int error = !hashes ? ERROR_MEMORY : file < 0 ? hour_refuse(hour, "missing") : 0;
	for (uint64_t at = 0, n; at < hour->length.n && !error; at += n) {
		n = hour->length.n - at < GATHER ? hour->length.n - at : GATHER;
		ssize_t got = pread(file, hashes, n * sizeof *hashes, (off_t)(at * sizeof *hashes));
		if (got != (ssize_t)(n * sizeof *hashes)) {
			error = hour_refuse(hour, got < 0 ? "not readable" : "cut");
			break;
		}
		sum += sum_of(hashes, n);
		error = hashes_note(dedupe, hashes, n, hour->hour * MS_AN_HOUR);
	}
	if (!error && sum != hour->length.sum)
		error = hour_refuse(hour, "damaged"); /* A few that nobody sent were noted: the real ones follow from the log. */
	if (file >= 0)
		close(file);
	memory_free(hashes);
	return error;
}

int seen_load(const struct seen *seen, struct dedupe *dedupe, int64_t since_ms)
{
	int error = 0;
	for (size_t i = 0; i < seen->hours_n && !error; i++)
		if (seen->hours[i].length.n && (seen->hours[i].hour + 1) * MS_AN_HOUR > since_ms)
			error = hour_load(seen, &seen->hours[i], dedupe);
	return error;
}

void seen_reset(struct seen *seen)
{
	for (size_t i = 0; i < seen->hours_n; i++)
		seen->hours[i].length = (struct seen_length){0};
}

/* ---- flushing ---- */

struct flushing {
	struct seen *seen;
	uint64_t after, until;
	int64_t since_ms;
};

/* Append what was gathered to the hour's file; synced at the end of the flush. */
static int gathered_write(const struct seen *seen, struct hour *hour, bool sync)
{
	char path[4300];
	path_of(seen, hour->hour, path);
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), error = 0;
	if (file < 0)
		return error_of_file(errno);
	const char *bytes = (const char *)hour->gathered;
	for (size_t at = 0, n = hour->gathered_n * sizeof *hour->gathered; at < n && !error;) {
		ssize_t written = pwrite(file, bytes + at, n - at, (off_t)(hour->flushed.n * sizeof *hour->gathered + at));
		if (written > 0)
			at += (size_t)written;
		else if (written == 0 || errno != EINTR)
			error = error_of_file(errno);
	}
	if (!error && sync && fdatasync(file) != 0)
		error = ERROR_IO;
	close(file);
	if (error)
		return error;
	hour->flushed.n += hour->gathered_n;
	hour->flushed.sum += sum_of(hour->gathered, hour->gathered_n);
	hour->gathered_n = 0;
	return 0;
}

static int record_take(void *arg, uint64_t position, struct text entry)
{
	struct flushing *flushing = arg;
	struct event_header header;
	if (position > flushing->until)
		return ERROR_CLOSED; /* Enough. */
	if (position <= flushing->after)
		return 0;
	if (entry.n < sizeof header)
		return ERROR_CORRUPT;
	memcpy(&header, entry.p, sizeof header);
	if (!header.message_hash || receipt_of_record(&header) < flushing->since_ms)
		return 0;
	struct hour *hour = hour_of(flushing->seen, receipt_of_record(&header) / MS_AN_HOUR);
	if (!hour)
		return 0; /* Receipts of more hours than are kept: a clock went wild. */
	if (!hour->gathered && !(hour->gathered = memory_alloc(GATHER * sizeof *hour->gathered)))
		return ERROR_MEMORY;
	hour->gathered[hour->gathered_n++] = header.message_hash;
	hour->grew = true;
	return hour->gathered_n == GATHER ? gathered_write(flushing->seen, hour, false) : 0;
}

/* Hours that nobody asks about any more. */
static int hours_drop(struct seen *seen, int64_t since_ms, int (*hour_is)(void *, int64_t, struct seen_length), void *arg)
{
	int error = 0;
	for (size_t i = 0; i < seen->hours_n && !error;) {
		char path[4300];
		struct hour *hour = &seen->hours[i];
		if (hour->grew || (hour->hour + 1) * MS_AN_HOUR > since_ms) {
			i++;
			continue;
		}
		error = hour_is(arg, hour->hour, (struct seen_length){0});
		path_of(seen, hour->hour, path);
		if (!error && unlink(path) != 0 && errno != ENOENT)
			error = ERROR_IO;
		memory_free(hour->gathered);
		*hour = seen->hours[--seen->hours_n];
	}
	return error;
}

int seen_flush(struct seen *seen, struct log *log, uint64_t after, uint64_t until, int64_t since_ms,
               int (*hour_is)(void *, int64_t, struct seen_length), void *arg)
{
	struct flushing flushing = {seen, after, until, since_ms};
	for (size_t i = 0; i < seen->hours_n; i++) {
		seen->hours[i].flushed = seen->hours[i].length; /* A flush that failed is done again. */
		seen->hours[i].gathered_n = 0;
		seen->hours[i].grew = false;
	}
	int error = until > after ? log_replay(log, after, record_take, &flushing) : 0;
	if (error == ERROR_CLOSED)
		error = 0;
	for (size_t i = 0; i < seen->hours_n && !error; i++)
		if (seen->hours[i].grew) {
			error = gathered_write(seen, &seen->hours[i], true);
			if (!error)
				error = hour_is(arg, seen->hours[i].hour, seen->hours[i].flushed);
		}
	if (!error)
		error = hours_drop(seen, since_ms, hour_is, arg);
	return error ? error : folder_sync(seen->folder);
}

void seen_flushed(struct seen *seen)
{
	for (size_t i = 0; i < seen->hours_n; i++)
		seen->hours[i].length = seen->hours[i].flushed;
}
