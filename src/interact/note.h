/*
 * note.h: what staff said of a place: that it is broken, missing, silly. Written down as configuration (kind: note), so it has
 * versions and an author, and stands beside what is measured there.
 */
#ifndef ATTUNE_INTERACT_NOTE_H
#define ATTUNE_INTERACT_NOTE_H

#include "engine/config_build.h"

extern const struct config_kind note_kind;

struct note {
	struct text name, about, says, by; /* @about: a touchpoint, an interaction, a journey. */
	int64_t at_ms;                     /* 0: not stated. */
};

/* Walk the notes: start with *@at = 0; false at the end. */
bool note_next(const struct config *config, size_t *at, struct note *note);

#endif
