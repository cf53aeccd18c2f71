/*
 * file.h: a data folder in memory whose files have any bytes, for the code that opens them.
 *
 * Most targets begin with files that are sound, and the input says how they are damaged; so a change that is taken without a word is
 * known for what it is. Others make the check of the input's bytes right, so that what is behind it is reached.
 */
#ifndef ATTUNE_TEST_FUZZ_FILE_H
#define ATTUNE_TEST_FUZZ_FILE_H

#include "base/damage.h"
#include "base/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What must hold and does not is a bug: say where, and end. */
#define MUST(holds) ((holds) ? (void)0 : must_failed(#holds, __FILE__, __LINE__))
_Noreturn void must_failed(const char *what, const char *file, int line);

enum { FUZZ_FILE_BYTES_MAX = 64 * 1024 };

/* The folder of this process, made at the first call and removed at its end. */
const char *fuzz_folder(void);

/* Make NAME below it hold exactly @bytes; read it, at most FUZZ_FILE_BYTES_MAX, into static room; remove it. */
void fuzz_file_put(const char *name, struct text bytes);
struct text fuzz_file_get(const char *name);
void fuzz_file_remove(const char *name);

/* The bytes of an input, taken from the front; zeros when they are used up. */
struct fuzz_input {
	const uint8_t *p;
	size_t n;
};
uint8_t fuzz_byte(struct fuzz_input *input);
uint16_t fuzz_number(struct fuzz_input *input);
struct text fuzz_bytes(struct fuzz_input *input, size_t n_max); /* As many as its first byte says. */
struct text fuzz_rest(struct fuzz_input *input);

/*
 * @sound, damaged as the input says: bytes exchanged at offsets, an end that is cut off. Into static room, until the next call.
 * *@cut: an end was.
 */
struct text fuzz_damaged(struct fuzz_input *input, struct text sound, bool *cut);

/* Does the list of damage name a file whose name begins with @name? */
bool fuzz_is_named(const char *name);

#endif
