/*
 * fail.h: the n-th call to the disk fails.
 *
 * The calls of libc stand in fail.c once more; linked whole they are taken before libc's, by the product and by the libraries it uses.
 * What a call can fail with, it fails with in turn: a full disk, a broken one, an interruption, no more descriptors, half of the bytes.
 * A thread that cannot be started counts, too. Calls on standard input, output and error do not.
 */
#ifndef ATTUNE_TEST_FAIL_H
#define ATTUNE_TEST_FAIL_H

#include <stdbool.h>
#include <stdint.h>

enum { FAIL_TEXT_BYTES = 200 };

/* In memory that the processes share. */
struct fail {
	_Atomic uint64_t count;     /* Calls since fail_begin. */
	uint64_t at;                /* Which of them fails; 0: none. */
	uint64_t turn;              /* Added to at, to say what it fails with. */
	bool traced;                /* Say where, on standard error. */
	bool fired;
	bool mild;                  /* What it failed with may be tried again. */
	char what[FAIL_TEXT_BYTES]; /* Which call failed, and how. */
};

/* From now on calls count in @fail; NULL: no more. */
void fail_begin(struct fail *fail);

#endif
