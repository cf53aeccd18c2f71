/*
 * parts.h: a fold's state that has one part a surface.
 *
 * Parts are looked up by the surface's mark. A part is copied out to aligned memory, changed, and put back.
 */
#ifndef ATTUNE_CUSTOMIZE_PARTS_H
#define ATTUNE_CUSTOMIZE_PARTS_H

#include "engine/fold.h"

/* The part under @mark, borrowed and not aligned; empty when there is none. */
struct text part_get(struct text state, uint32_t mark);

/* Replace the part under @mark; when it does not fit, the state stays as it is and false is returned. */
bool part_put(struct fold_state *state, uint32_t mark, const void *bytes, size_t n);

#endif
