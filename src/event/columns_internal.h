/* columns_internal.h: what the files of columns.h share. Nobody else includes it. */
#ifndef ATTUNE_EVENT_COLUMNS_INTERNAL_H
#define ATTUNE_EVENT_COLUMNS_INTERNAL_H

#include "event/gathered.h"
#include "event/row_seal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define COLUMNS_DRAFT ".new"
enum { COLUMNS_NAME_BYTES = 32 };

struct day_file {
	int32_t day;
	bool sealed;
	bool damaged;            /* Not to be read before it was made again: columns_rebuild.c. */
	uint64_t rows;           /* Heads of runs among them. */
};

struct columns_rebuild;

struct columns {
	int folder;
	bool seal, has_key;
	uint8_t key[COLUMNS_KEY_BYTES];
	pthread_rwlock_t walked; /* Held for reading while rows are walked, for writing when some leave or a file is replaced. Before lock. */
	pthread_mutex_t lock;    /* Protects all below, but not the rows of a view. */
	struct gathered gathered;
	struct day_file *days;   /* Ascending. */
	size_t days_n, days_capacity;
	_Atomic size_t damaged_n; /* Of days. */

	struct day_file *flushed; /* The flushing thread's: lengths that count once their record is durable. */
	size_t flushed_n, flushed_capacity;
	struct columns_rebuild *rebuild; /* The flushing thread's, while it makes days again. */
};

int32_t columns_day_of(int64_t ms);
void columns_day_name(char out[COLUMNS_NAME_BYTES], int32_t day, bool sealed);

/* The file of @day; -1: there is none. */
int columns_day_open(struct columns *columns, const struct day_file *day, int flags);

/* The entry of @day, made when it is not there; NULL without memory. Lock held. */
struct day_file *columns_day_entry(struct columns *columns, int32_t day);

/* Enter that the file of @day is @what (missing, cut, damaged), from row @at on, and have it made again. */
void columns_day_damaged(struct columns *columns, int32_t day, uint64_t at, const char *what);

struct row_file columns_form(const struct columns *columns, const struct day_file *day);
int columns_write_all(int file, const void *bytes, size_t n, off_t at) MUST_CHECK;

struct column_row columns_row_of(const struct event_header *header, int32_t value);

/* The rows of one day's file, behind *@n others. Held for reading: walked. Errors: ERROR_REBUILDING. */
int columns_day_select(struct columns *columns, struct day_file day, int64_t from_ms, int64_t to_ms, struct column_event *events, size_t *n) MUST_CHECK;

/* The @i-th file, as it is now. False: there is none. */
bool columns_day_at(struct columns *columns, size_t i, struct day_file *day);

#endif
