/*
 * copy_make.h: a customer's copy made by hand: its files, its manifest with the right sums, signed, in a zip that is not packed.
 *
 * The product packs and signs copies as well; this says the same in other words, so that a copy may say anything under a right signature.
 */
#ifndef ATTUNE_TEST_FUZZ_COPY_MAKE_H
#define ATTUNE_TEST_FUZZ_COPY_MAKE_H

#include "base/text.h"
#include "serve/signer.h"

struct made_copy {
	struct text events, decisions; /* Lines. */
	struct text histories;         /* The list, in JSON. */
};

/* Append the zip of @copy, signed by @signer, to @out. */
void copy_make(struct buffer *out, const struct made_copy *copy, const struct signer *signer);

#endif
