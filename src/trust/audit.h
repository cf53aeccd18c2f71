/*
 * audit.h: who did what to whose data, and why: a file that only grows, in which nothing can be changed unnoticed.
 *
 * FOLDER/audit holds files of lines, each a JSON object a person can read. An entry has its number, the hash of the entry
 * before it, the time, who, what, about whom, a reason and a few words, and its own hash: SHA-256 of the line up to there.
 * A byte that was altered, an entry that was taken away, moved or cut is found by its number (audit_verify). FOLDER/audit/head
 * says how far the entries were durable, so that an end that was cut off is missed too. About whom is a keyed hash of the
 * customer's id: it stays valid and says nothing once the customer is erased.
 *
 * Whoever can write the folder could write all of it anew. The last hash, kept elsewhere, shows that: audit_verify says
 * whether the entry with a given hash is still there.
 *
 * Limits: AUDIT_FILE_BYTES a file, then the next begins; AUDIT_PENDING_BYTES that wait for the disk, beyond which entries
 * are counted and the number is entered as soon as there is room. Threads: safe; nothing waits unless it asks to.
 */
#ifndef ATTUNE_TRUST_AUDIT_H
#define ATTUNE_TRUST_AUDIT_H

#include "base/text.h"

enum {
	AUDIT_KEY_BYTES = 32, AUDIT_HEX_BYTES = 65, AUDIT_ABOUT_BYTES = 33,
	AUDIT_WHO_BYTES = 120, AUDIT_REASON_BYTES = 300, AUDIT_WORDS_BYTES = 300,
	AUDIT_FILE_BYTES = 16 * 1024 * 1024, AUDIT_PENDING_BYTES = 1024 * 1024, AUDIT_SYNC_MS = 100,
};

/* What is noted. X(symbol, name): the names stand in the file. */
#define AUDIT_WHATS(X)                                                                                                     \
	X(AUDIT_CONSENT, "consent") X(AUDIT_ACCESS, "staff-access") X(AUDIT_EXPORT, "export") X(AUDIT_IMPORT, "import") X(AUDIT_ERASE, "erase")              \
	X(AUDIT_CONFIGURATION, "configuration") X(AUDIT_SIGN_IN, "sign-in") X(AUDIT_RESTRICT, "restrict") X(AUDIT_CORRECT, "correct") \
	X(AUDIT_REQUEST, "request") X(AUDIT_UNDO, "undo") X(AUDIT_JOIN, "join") X(AUDIT_PART, "part") X(AUDIT_KEYS, "keys")          \
	X(AUDIT_RETENTION, "retention") /* Events that may not be kept any longer were taken out. */                               \
	X(AUDIT_STAFF, "staff")                                                                                                \
	X(AUDIT_LOG, "audit") /* Of the audit log itself: entries that were cut or could not be kept. */

enum audit_what {
#define X(symbol, name) symbol,
	AUDIT_WHATS(X)
#undef X
	AUDIT_WHAT_COUNT
};
bool audit_what_parse(struct text name, enum audit_what *what);

/* One act. Texts are borrowed for the call and cut at their limits; none may name a customer. */
struct audit_act {
	int64_t time_ms;
	enum audit_what what;
	struct text who;            /* A name of staff, "key 4f2a9c01 (backend)", "customer", "system". */
	const char *about;          /* Of audit_about; NULL: nobody. */
	struct text reason, words;
	bool durable;               /* Come back only when it is on disk. */
};

struct audit;

struct audit_options {
	const char *folder;         /* The data folder. */
	const uint8_t *key;         /* AUDIT_KEY_BYTES, for the hashes of customers. */
	size_t file_bytes;          /* 0: AUDIT_FILE_BYTES. */
};

/*
 * Open the log of a data folder, or make it. A last line that a crash left half written is cut, and that is noted.
 * Errors: ERROR_IO, ERROR_MEMORY.
 */
int audit_open(struct audit **out, const struct audit_options *options) MUST_CHECK;

/* Write what is pending and close. */
void audit_close(struct audit *audit);

/*
 * Note an act. Without a log (NULL) nothing is noted.
 * Errors: ERROR_BUSY (too much is pending: it is counted, and the count is noted), ERROR_FULL (it is kept, but could not be
 * written when @act->durable asked for it), ERROR_MEMORY.
 */
int audit_note(struct audit *audit, const struct audit_act *act);

/* Wait until all that was noted is on disk. Errors: ERROR_FULL. */
int audit_sync(struct audit *audit) MUST_CHECK;

/* The hash that stands for a customer's id of @n bytes, in hex. */
void audit_about(const struct audit *audit, const uint8_t *id, size_t n, char about[AUDIT_ABOUT_BYTES]);

/* Entries that could not be kept since the start. */
uint64_t audit_lost(struct audit *audit);

/* ---- reading ---- */

enum { AUDIT_ABOUTS_MAX = 128 };
struct audit_question {
	char abouts[AUDIT_ABOUTS_MAX][AUDIT_ABOUT_BYTES];
	size_t abouts_n;            /* 0: about anybody or nobody. */
	bool of_what;
	enum audit_what what;       /* Only these, with of_what. */
	uint64_t before;            /* Only entries with a lower number; 0: from the newest on. */
	size_t n;                   /* At most so many. */
};

/*
 * Call @take with the lines of the entries that fit, newest first. *@next is the number to go on before, 0 at the end; a call
 * reads a few files at most, so it may go on with few or none taken. Errors: ERROR_IO, ERROR_MEMORY, ERROR_FULL.
 */
int audit_read(struct audit *audit, const struct audit_question *question, void (*take)(void *arg, struct text line), void *arg,
               uint64_t *next) MUST_CHECK;

struct audit_verified {
	uint64_t n;                 /* Sound entries from the first on. */
	char last[AUDIT_HEX_BYTES]; /* The hash of the last of them; empty without any. */
	uint64_t broken;            /* Number of the first entry that is not sound; 0: all are. */
	char problem[160];          /* What is wrong with it. */
	bool holds;                 /* The entry with the given hash is among the sound ones. */
};

/*
 * Check every entry of the data folder @folder; may run beside the server. @hash: a hash to look for, or NULL. @out is written
 * also on error. Errors: ERROR_CORRUPT (@out->broken and @out->problem say where and what), ERROR_NOT_FOUND (there is no log),
 * ERROR_IO, ERROR_MEMORY.
 */
int audit_verify(struct audit_verified *out, const char *folder, const char *hash) MUST_CHECK;

#endif
