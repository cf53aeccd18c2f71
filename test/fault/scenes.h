/*
 * scenes.h: what is done while one thing fails, and what must be true afterwards. For every.c.
 *
 * Each step is a process of its own: the folder made, the act with the fault, the check without it. A process ends by scene_wrong
 * when something is not as it must be.
 */
#ifndef ATTUNE_TEST_SCENES_H
#define ATTUNE_TEST_SCENES_H

#include "fail.h"
#include "serve/keys.h"

#include <stdbool.h>
#include <stdint.h>

enum { SCENE_DONE = 0, SCENE_FAILED = 1, SCENE_WRONG = 3, SCENE_CID_BYTES = 33 };

/* What one process tells the next; all of it is in memory that they share. */
struct told {
	char secret_key[KEY_TEXT_BYTES];
	char zoe[SCENE_CID_BYTES];         /* Who was erased long before. */
	uint64_t events, decisions;        /* In the folder before the act. */
	uint64_t added;                    /* Events that the batch adds; 0: not known yet. */
	uint64_t kept;                     /* Events that are left when all whose time is over are taken out; 0: not known yet. */
	bool acknowledged;                 /* The act said that it was done. */
};

struct scene {
	const char *name;
	const char *folder;      /* What is made for it: "plain", "kept" (and a backup), "broken". */
	void (*before)(void);    /* Before the fault; NULL: nothing. */
	int (*act)(void);        /* With it: SCENE_DONE; or SCENE_FAILED, and a sentence on standard error. */
	void (*close)(void);     /* After it: give all back; NULL: nothing is held. */
	void (*check)(void);     /* In a process of its own. */
	bool looks;              /* It says that all is sound: so nothing may have failed. */
};

extern const struct scene scenes[]; /* Ends with a name of NULL. */

/* All that follows happens in the folder @work, and tells @told. */
void scene_begin(const char *work, struct told *told);

/* Make what @scene's folder names: in memory, each kind once. */
void scene_make(const char *kind);

/* Say what is not as it must be, and end. */
_Noreturn void scene_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
