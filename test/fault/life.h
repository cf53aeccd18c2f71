/*
 * life.h: a life of an engine on a disk that forgets, and what must be true after it.
 *
 * What was done, and what of it was acknowledged, stands in memory that a crash does not take: the model. A life ends in a crash.
 */
#ifndef ATTUNE_TEST_LIFE_H
#define ATTUNE_TEST_LIFE_H

#include <stdbool.h>
#include <stdint.h>

enum { EVENTS_MAX = 1024, PEOPLE_MAX = 256, ORIGINS_KNOWN = 1024, DAMAGED_MAX = 4, PATH_MAX_BYTES = 160, TEXT_BYTES = 400 };

enum { TRIED = 1, ACKNOWLEDGED = 2 };

struct model {
	uint32_t events_n;
	uint8_t events[EVENTS_MAX];
	uint32_t event_origins[EVENTS_MAX];
	uint8_t event_words[EVENTS_MAX];    /* Which name it has, unless it goes by "other". */
	uint32_t people_n;
	uint8_t people[PEOPLE_MAX];         /* TRIED: to erase; not to be met again. */
	uint8_t erased[ORIGINS_KNOWN];
	uint32_t lasting_tried, lasting_kept, version_kept;
	/* What rot and misdirected writes hit. */
	char damaged[DAMAGED_MAX][PATH_MAX_BYTES];
	uint32_t damaged_n;
	/* The verdict. */
	uint32_t lost, doubled, wrong, refused, named;
	char text[TEXT_BYTES];
};

struct life {
	const char *folder, *stash;
	struct model *model;
	uint64_t seed;
	bool lies, misdirects, fat; /* fat: large events, so that files of the log are soon full. */
};

/*
 * May @n bytes at @at of the file @path be damaged? What lies behind the mark of a log cannot be told from a torn end, by nobody: the
 * moment between the sync of a block and that of its mark (docs/decisions/020).
 */
extern const char *life_spared; /* A part of the data folder that is not to be damaged; NULL: none. */
bool life_may_hit(const char *path, uint64_t at, uint64_t n);

/* Live until the crash. The process ends. */
_Noreturn void life_run(const struct life *life);

/* After the crash: open, and enter the verdict in the model. The process ends. */
_Noreturn void life_check(const struct life *life);

#endif
