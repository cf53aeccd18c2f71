/*
 * layout.h: the menus of a customer: how they are laid out, and what is used.
 *
 * Two folds with one meaning: layout_fold knows only what was decided by or with the customer (layout records) and is
 * always readable; menu_fold knows the uses as well, so it is personal. A layout record is one operation; leaving it
 * out is undo.
 */
#ifndef ATTUNE_CUSTOMIZE_LAYOUT_H
#define ATTUNE_CUSTOMIZE_LAYOUT_H

#include "customize/menu.h"
#include "customize/next.h"
#include "customize/surface.h"
#include "engine/fold.h"

extern const struct fold layout_fold, menu_fold;

/* A customer's menu and what comes next, copied out of a state. */
struct layout {
	union {
		struct menu menu;
		_Alignas(16) uint8_t menu_room[MENU_BYTES_MAX];
	};
	union {
		struct next next;
		_Alignas(16) uint8_t next_room[NEXT_BYTES_MAX];
	};
};

/* The menu on @surface from a state of either fold; as the company set it up when there is nothing. */
void layout_of(struct layout *layout, struct text state, const struct surface *surface);

/* Options that Attune moved to More, with the customer's yes: announced, and brought back by undoing @position. */
extern const struct fold moved_fold;
struct layout_moved {
	uint16_t option;
	int64_t time_ms;
	uint64_t position;
};
bool moved_next(struct text state, const struct surface *surface, size_t *at, struct layout_moved *moved);

/* Encode and read the payload of a layout record. Errors of reading: ERROR_INVALID (no such operation or option). */
void layout_encode(struct buffer *out, const struct surface *surface, const struct menu_op *op);
int layout_decode(struct value payload, const struct surface *surface, int64_t time_ms, struct menu_op *op) MUST_CHECK;

#endif
