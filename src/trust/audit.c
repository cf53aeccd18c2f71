/* audit.c: writing the audit log: entries are made under a lock, and one thread brings them to the disk. */
#include "trust/audit.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/folder.h"
#include "base/inventory.h"
#include "base/memory.h"
#include "base/report.h"
#include "base/secret.h"
#include "base/thread.h"
#include "trust/audit_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A line of texts at their limits, all of whose bytes must be escaped, stays below LINE_BYTES_MAX. */
enum { AGAIN_MS = 1000, FILES_A_READING = 4, LINE_BYTES_MAX = 8192, HALF_FULL = AUDIT_PENDING_BYTES / 2 };

#define REMEDY "Put the file back from a backup, if it is evidence; `attune verify --audit DIR` says what is missing. Nothing else depends on it."

struct audit {
	char folder[4096];
	uint8_t key[AUDIT_KEY_BYTES];
	size_t file_bytes;
	pthread_mutex_t lock;       /* After all other locks; never held across I/O. */
	pthread_cond_t work, done;
	struct buffer filling;      /* Lines that were made and not yet taken by the thread. */
	struct audit_mark last;     /* Of the newest line that was made. */
	uint64_t durable;           /* Number of the newest entry on disk. */
	uint64_t lost, lost_told;   /* Entries there was no room for; and how many of these stand in the log. */
	unsigned waiting;           /* Callers who wait for the disk. */
	bool failing, stopping, thread_runs;
	pthread_t thread;
	/* The thread's own. */
	struct buffer writing;
	struct audit_mark writing_last;
	uint64_t writing_first;
	int file, head;
	off_t bytes;
};

/* ---- the disk ---- */

static _Noreturn void fail(const char *what)
{
	report(REPORT_ERROR, "audit_sync_failed", "%s (%s): stopping at once; start again to recover.", what, strerror(errno));
	_exit(70);
}

static int file_begin(struct audit *audit, uint64_t first)
{
	char path[AUDIT_PATH_BYTES], folder[AUDIT_PATH_BYTES];
	audit_file_path(path, audit->folder, first);
	int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	off_t bytes = file < 0 ? -1 : lseek(file, 0, SEEK_END);
	snprintf(folder, sizeof folder, "%s/audit", audit->folder);
	if (bytes < 0 || folder_sync(folder) != 0) {
		if (file >= 0)
			close(file);
		return ERROR_IO;
	}
	if (audit->file >= 0)
		close(audit->file);
	audit->file = file;
	audit->bytes = bytes;
	return 0;
}

/* How far it is durable. Best effort: an older head is a weaker witness, not a wrong one. */
static void head_write(struct audit *audit)
{
	char line[AUDIT_HEAD_BYTES + 1];
	audit_head_format(line, &audit->writing_last);
	if (pwrite(audit->head, line, AUDIT_HEAD_BYTES, 0) != AUDIT_HEAD_BYTES)
		report(REPORT_WARNING, "audit_head", "The head of the audit log could not be written: %s", strerror(errno));
}

/* Bring the lines of @audit->writing to the disk; false: there was no room, nothing of them is left there. */
static bool batch_write(struct audit *audit)
{
	struct text rest = buffer_view(&audit->writing);
	if (audit->bytes >= (off_t)audit->file_bytes && file_begin(audit, audit->writing_first) != 0)
		return false;
	while (rest.n) {
		ssize_t n = write(audit->file, rest.p, rest.n);
		if (n <= 0 && (n == 0 || errno != EINTR)) {
			if (ftruncate(audit->file, audit->bytes) != 0)
				fail("Taking back half an entry of the audit log failed");
			return false;
		}
		rest = text_from(rest, n > 0 ? (size_t)n : 0);
	}
	if (fdatasync(audit->file) != 0)
		fail("Writing the audit log failed");
	audit->bytes += (off_t)audit->writing.n;
	buffer_reset(&audit->writing);
	head_write(audit);
	return true;
}

/* ---- the thread ---- */

static void wait_ms(struct audit *audit, int ms)
{
	struct timespec until = clock_deadline(ms);
	pthread_cond_timedwait(&audit->work, &audit->lock, &until);
}

/* Let more come, unless somebody waits or room runs short: one sync for all of them. Lock held. */
static void gather(struct audit *audit)
{
	uint64_t until = clock_monotonic_ns() + (uint64_t)AUDIT_SYNC_MS * 1000000;
	for (uint64_t now = 0; !audit->stopping && !audit->waiting && audit->filling.n < HALF_FULL && (now = clock_monotonic_ns()) < until;)
		wait_ms(audit, (int)((until - now) / 1000000) + 1);
}

/* Take the lines that were made. Lock held. */
static void batch_take(struct audit *audit)
{
	struct buffer empty = audit->writing;
	audit->writing = audit->filling;
	audit->filling = empty;
	audit->writing_first = audit->writing_last.n + 1;
	audit->writing_last = audit->last;
}

static void *run(void *arg)
{
	struct audit *audit = arg;
	thread_name("audit");
	pthread_mutex_lock(&audit->lock);
	for (;;) {
		while (!audit->stopping && audit->filling.n == 0 && audit->writing.n == 0)
			pthread_cond_wait(&audit->work, &audit->lock);
		if (audit->filling.n == 0 && audit->writing.n == 0)
			break;
		if (audit->writing.n == 0) {
			gather(audit);
			batch_take(audit);
		}
		pthread_mutex_unlock(&audit->lock);
		bool written = batch_write(audit);
		pthread_mutex_lock(&audit->lock);
		if (written)
			audit->durable = audit->writing_last.n;
		audit->failing = !written;
		pthread_cond_broadcast(&audit->done);
		if (!written && audit->stopping)
			break;
		if (!written)
			wait_ms(audit, AGAIN_MS);
	}
	pthread_mutex_unlock(&audit->lock);
	return NULL;
}

/* ---- opening ---- */

/* What is found at the end of the newest file. */
struct ending {
	struct audit_mark last;     /* Of the last sound line. */
	size_t good;                /* Bytes up to its end. */
	size_t unsound;             /* Whole lines behind it. */
	size_t bad, bad_at;         /* All whole lines that are not sound; where the first begins. */
	bool torn;                  /* The last bytes are no line: a crash left them. */
};

static void ending_read(struct ending *ending, struct text text)
{
	size_t at = 0, end;
	while (text_find(text_from(text, at), TEXT("\n"), &end)) {
		struct audit_mark mark;
		char before[AUDIT_HEX_BYTES];
		if (audit_line_read((struct text){text.p + at, end}, &mark, before)) {
			ending->last = mark;
			ending->good = at + end + 1;
			ending->unsound = 0;
		} else {
			ending->unsound++;
			ending->bad_at = ending->bad++ ? ending->bad_at : at;
		}
		at += end + 1;
	}
	ending->torn = at < text.n;
}

/* Read the end of the log: the newest file that has a sound line says where to go on. *@newest is the file to go on in, 0: none. */
static int end_find(struct audit *audit, struct ending *ending, uint64_t *oldest, uint64_t *newest)
{
	uint64_t *firsts = NULL;
	size_t n = 0;
	int error = audit_files_list(audit->folder, &firsts, &n);
	*oldest = n ? firsts[0] : 0;
	*newest = n ? firsts[n - 1] : 0;
	ending->last = AUDIT_MARK_NONE;
	for (size_t i = n; i > 0 && !error && ending->last.n == 0; i--) {
		struct text text;
		struct ending here = {.last = AUDIT_MARK_NONE};
		error = audit_file_read(audit->folder, firsts[i - 1], &text);
		if (error)
			break;
		ending_read(&here, text);
		if (i == n)
			*ending = here;
		ending->last = here.last;
		memory_free((void *)text.p);
	}
	memory_free(firsts);
	return error;
}

/* Cut what a crash left of a line; lines that are whole and unsound stay, for they are evidence. */
static int end_mend(struct audit *audit, const struct ending *ending)
{
	struct audit_mark head;
	off_t whole = audit->bytes;
	if (ending->torn && ending->unsound == 0)
		whole = (off_t)ending->good;
	else if (ending->torn && write(audit->file, "\n", 1) != 1)
		return ERROR_IO;
	if (whole != audit->bytes && ftruncate(audit->file, whole) != 0)
		return ERROR_IO;
	off_t cut = audit->bytes - whole;
	audit->bytes = lseek(audit->file, 0, SEEK_END);
	audit->last = ending->last;
	audit->last.n += ending->unsound;
	/* What was durable and is gone leaves a gap in the numbers, which audit_verify finds. */
	if (audit_head_read(audit->folder, &head) == 0 && head.n > audit->last.n) {
		damage_found("audit", 0, DAMAGE_LOST, REMEDY, "Entries %" PRIu64 " to %" PRIu64 " of the audit log are missing: it was cut.", audit->last.n + 1, head.n);
		audit->last.n = head.n;
	}
	audit->writing_last = audit->last;
	audit->durable = audit->last.n;
	if (cut) {
		char words[80];
		int n = snprintf(words, sizeof words, "The last %lld bytes were half an entry; they were cut.", (long long)cut);
		return audit_note(audit, &(struct audit_act){.time_ms = clock_now_ms(), .what = AUDIT_LOG, .who = TEXT("system"),
		                                             .words = {words, (size_t)n}});
	}
	return 0;
}

/* Name what is missing or damaged, as far as the names of the files and the end of the newest tell. */
static void damage_tell(const struct audit *audit, const struct ending *ending, uint64_t oldest, uint64_t newest)
{
	struct audit_mark head;
	char name[64];
	int error = audit_head_read(audit->folder, &head);
	if (error == ERROR_CORRUPT || (error && inventory_has(audit->folder, "audit/head")))
		damage_found("audit/head", 0, DAMAGE_LOST, "It is made again now; `attune verify --audit DIR` checks the entries themselves.",
		             "It is %s: if entries were cut from the end of the audit log before this start, nobody can tell.",
		             error == ERROR_CORRUPT ? "damaged" : "missing");
	if (oldest != 1 && (oldest || inventory_has(audit->folder, "audit")))
		damage_found("audit/000000000001.ndjson", 0, DAMAGE_LOST, REMEDY, "The oldest entries of the audit log are missing.");
	snprintf(name, sizeof name, "audit/%012" PRIu64 ".ndjson", newest);
	if (ending->bad)
		damage_found(name, ending->bad_at, DAMAGE_LOST, REMEDY, "%zu entries of the audit log cannot be read; the first begins here.", ending->bad);
}

/* Before anything is appended, so that the head is never a file without content. */
static int head_begin(struct audit *audit)
{
	char folder[AUDIT_PATH_BYTES];
	head_write(audit);
	snprintf(folder, sizeof folder, "%.4000s/audit", audit->folder);
	int error = fdatasync(audit->head) == 0 ? folder_sync(folder) : ERROR_IO;
	if (!error)
		error = inventory_add(audit->folder, "audit");
	return error ? error : inventory_add(audit->folder, "audit/head");
}

static int start(struct audit *audit)
{
	char path[AUDIT_PATH_BYTES];
	struct ending ending = {0};
	uint64_t newest = 0, oldest = 0;
	snprintf(path, sizeof path, "%s/audit", audit->folder);
	int error = folder_make(path);
	if (!error)
		error = end_find(audit, &ending, &oldest, &newest);
	if (!error)
		damage_tell(audit, &ending, oldest, newest);
	snprintf(path, sizeof path, "%s/audit/head", audit->folder);
	if (!error && (audit->head = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		error = ERROR_IO;
	if (!error)
		error = file_begin(audit, newest ? newest : 1);
	if (!error)
		error = end_mend(audit, &ending);
	if (!error)
		error = head_begin(audit);
	if (!error && pthread_create(&audit->thread, NULL, run, audit) != 0)
		error = ERROR_MEMORY;
	audit->thread_runs = !error;
	return error;
}

int audit_open(struct audit **out, const struct audit_options *options)
{
	struct audit *audit = secret_alloc(sizeof *audit);
	if (!audit)
		return ERROR_MEMORY;
	snprintf(audit->folder, sizeof audit->folder, "%s", options->folder);
	memcpy(audit->key, options->key, sizeof audit->key);
	audit->file_bytes = options->file_bytes ? options->file_bytes : AUDIT_FILE_BYTES;
	audit->file = audit->head = -1;
	audit->filling = audit->writing = BUFFER_INIT(AUDIT_PENDING_BYTES);
	pthread_mutex_init(&audit->lock, NULL);
	clock_condition_init(&audit->work);
	clock_condition_init(&audit->done);
	int error = start(audit);
	if (error)
		audit_close(audit);
	else
		*out = audit;
	return error;
}

void audit_close(struct audit *audit)
{
	if (!audit)
		return;
	if (audit->thread_runs) {
		pthread_mutex_lock(&audit->lock);
		audit->stopping = true;
		pthread_cond_broadcast(&audit->work);
		pthread_mutex_unlock(&audit->lock);
		pthread_join(audit->thread, NULL);
	}
	if (audit->file >= 0)
		close(audit->file);
	if (audit->head >= 0)
		close(audit->head);
	buffer_free(&audit->filling);
	buffer_free(&audit->writing);
	pthread_mutex_destroy(&audit->lock);
	pthread_cond_destroy(&audit->work);
	pthread_cond_destroy(&audit->done);
	secret_free(audit, sizeof *audit);
}

/* ---- noting ---- */

/* Make the line, whole or not at all. Lock held. */
static int line_add(struct audit *audit, const struct audit_act *act)
{
	size_t before = audit->filling.n;
	if (before + LINE_BYTES_MAX > AUDIT_PENDING_BYTES)
		return ERROR_BUSY;
	if (!buffer_reserve(&audit->filling, LINE_BYTES_MAX)) {
		audit->filling.failed = false; /* What is there stays. */
		return ERROR_MEMORY;
	}
	audit_line_write(&audit->filling, &audit->last, act);
	assert(!audit->filling.failed && audit->filling.n - before <= LINE_BYTES_MAX);
	if (before == 0 || (before < HALF_FULL && audit->filling.n >= HALF_FULL))
		pthread_cond_signal(&audit->work);
	return 0;
}

/* What was lost is said as soon as there is room. Lock held. */
static void lost_add(struct audit *audit, int64_t now_ms)
{
	char words[80];
	if (audit->lost == audit->lost_told)
		return;
	int n = snprintf(words, sizeof words, "%" PRIu64 " entries could not be kept.", audit->lost - audit->lost_told);
	if (line_add(audit, &(struct audit_act){.time_ms = now_ms, .what = AUDIT_LOG, .who = TEXT("system"), .words = {words, (size_t)n}}) == 0)
		audit->lost_told = audit->lost;
}

/* Wait until entry @n is on disk. Lock held. */
static int durable_wait(struct audit *audit, uint64_t n)
{
	audit->waiting++;
	audit->failing = false; /* This one is tried. */
	pthread_cond_signal(&audit->work);
	while (audit->durable < n && !audit->failing)
		pthread_cond_wait(&audit->done, &audit->lock);
	audit->waiting--;
	return audit->durable < n ? ERROR_FULL : 0;
}

int audit_note(struct audit *audit, const struct audit_act *act)
{
	if (!audit)
		return 0;
	pthread_mutex_lock(&audit->lock);
	lost_add(audit, act->time_ms);
	int error = line_add(audit, act);
	if (error)
		audit->lost++;
	else if (act->durable)
		error = durable_wait(audit, audit->last.n);
	pthread_mutex_unlock(&audit->lock);
	return error;
}

int audit_sync(struct audit *audit)
{
	pthread_mutex_lock(&audit->lock);
	int error = audit->durable < audit->last.n ? durable_wait(audit, audit->last.n) : 0;
	pthread_mutex_unlock(&audit->lock);
	return error;
}

void audit_about(const struct audit *audit, const uint8_t *id, size_t n, char about[AUDIT_ABOUT_BYTES])
{
	unsigned char hash[crypto_generichash_BYTES_MIN];
	about[0] = 0;
	if (!audit)
		return;
	crypto_generichash(hash, sizeof hash, id, n, audit->key, sizeof audit->key);
	sodium_bin2hex(about, AUDIT_ABOUT_BYTES, hash, sizeof hash);
}

uint64_t audit_lost(struct audit *audit)
{
	pthread_mutex_lock(&audit->lock);
	uint64_t lost = audit->lost;
	pthread_mutex_unlock(&audit->lock);
	return lost;
}

/* ---- reading ---- */

/* A quote inside a text stands behind a backslash, so a key is found only where it is one. */
static bool has_member(struct text line, const char *key, const char *value)
{
	char member[80];
	int n = snprintf(member, sizeof member, ",\"%s\":\"%s\"", key, value);
	return text_find(line, (struct text){member, (size_t)n}, NULL);
}

static bool fits(const struct audit_question *question, struct text line)
{
	bool about = question->abouts_n == 0;
	if (question->of_what && !has_member(line, "what", audit_what_name(question->what)))
		return false;
	for (size_t i = 0; i < question->abouts_n && !about; i++)
		about = has_member(line, "about", question->abouts[i]);
	return about;
}

struct reading {
	const struct audit_question *question;
	void (*take)(void *arg, struct text line);
	void *arg;
	size_t taken;
	uint64_t at;                /* The lowest number that was looked at. */
};

/* The lines of a file from the last to the first. False: enough were taken. */
static bool file_read(struct reading *reading, struct text text)
{
	struct audit_mark mark;
	char before[AUDIT_HEX_BYTES];
	for (size_t end = text.n; end > 0;) {
		size_t start = end - 1;
		while (start > 0 && text.p[start - 1] != '\n')
			start--;
		struct text line = text_trim((struct text){text.p + start, end - start});
		end = start;
		/* One that is not sound is no entry: audit_verify tells of it. */
		if (!audit_line_read(line, &mark, before) || (reading->question->before && mark.n >= reading->question->before) ||
		    !text_is_utf8(line))
			continue;
		if (reading->taken == reading->question->n)
			return false;
		reading->at = mark.n;
		if (!fits(reading->question, line))
			continue;
		reading->take(reading->arg, line);
		reading->taken++;
	}
	return true;
}

int audit_read(struct audit *audit, const struct audit_question *question, void (*take)(void *arg, struct text line), void *arg,
               uint64_t *next)
{
	struct reading reading = {.question = question, .take = take, .arg = arg, .at = question->before};
	uint64_t *firsts = NULL;
	size_t n = 0, files = 0;
	bool more = true;
	int error = audit_sync(audit);
	if (!error)
		error = audit_files_list(audit->folder, &firsts, &n);
	for (; n > 0 && more && !error && files < FILES_A_READING; n--) {
		struct text text;
		if (question->before && firsts[n - 1] >= question->before)
			continue;
		error = audit_file_read(audit->folder, firsts[n - 1], &text);
		if (error)
			break;
		files++;
		more = file_read(&reading, text);
		memory_free((void *)text.p);
	}
	if (!error)
		*next = !more || n > 0 ? reading.at : 0;
	memory_free(firsts);
	return error;
}
