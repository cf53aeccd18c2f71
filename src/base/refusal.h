/*
 * refusal.h: why something could not be done, in one sentence that names the file, for the message a person reads.
 *
 * An error code says what kind of failure it was; the code that meets it knows the path and the system's reason. It notes
 * both here and returns the code. Damage is not noted here: damage.h has a list of its own.
 */
#ifndef ATTUNE_BASE_REFUSAL_H
#define ATTUNE_BASE_REFUSAL_H

#include <stdbool.h>

enum { REFUSAL_BYTES = 400 };

/* Note one whole sentence, in place of the one before, and return @error. Threads: safe. */
int refuse(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The best sentence there is about why @error came: the newest damage that refused, else the newest sentence noted with
 * that error, else the general sentence of the code. Written to @out. Threads: safe.
 */
const char *refusal_sentence(int error, char out[2 * REFUSAL_BYTES]);

void refusal_clear(void); /* At the begin of a start, and in tests. */

#endif
