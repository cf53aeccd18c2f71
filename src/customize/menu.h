/*
 * menu.h: orders a menu by what this customer really uses, and moves little.
 *
 * A menu has a few home slots and a place called More. A much-used option may take the home slot of the weakest one;
 * all other positions stay where they are. What is never used may leave home for its canonical place under More; nothing
 * disappears. Pinned options and those the company marks as always shown never move. Nothing moves without a yes: this
 * module only proposes, and every change is an explicit operation that the caller records. Leaving an operation out of
 * a replay gives the state as if it had never been, byte for byte: that is undo.
 *
 * The state is one flat block without pointers, about 150 bytes and 32 an option met. Options are indices into the
 * surface's list. Limits: MENU_OPTIONS_MAX options on the server; an evaluation may use up to 65,534, and then no
 * struct menu_layout.
 *
 * Sources: split menus, Sears and Shneiderman 1994; positions kept when one is demoted, Fischer and Schwan 2008; asking
 * first, Debevc 1996; a separate strip of suggestions rather than moving, Gajos 2006. Constants: docs/decide.md.
 */
#ifndef ATTUNE_CUSTOMIZE_MENU_H
#define ATTUNE_CUSTOMIZE_MENU_H

#include "base/text.h"

enum {
	MENU_NONE = 0xffff,     /* No option: in a home slot, the place is free. */
	MENU_OPTIONS_MAX = 64,
	MENU_HOME_MAX = 16,
	MENU_MOVES_MAX = 4,     /* Moves within one budget window, at most. */
	MENU_PARTS = 6,         /* The window of evidence is counted in so many parts. */
	MENU_NO_MAX = 3,        /* After so many times no, a move of this option is never proposed again. */
	MENU_BYTES_MAX = 2192,  /* With MENU_OPTIONS_MAX options; next.h has the rest of 4 KiB. */
	MENU_GROWTH_BYTES = 32 * (MENU_HOME_MAX + 1), /* One call adds at most so much. */
};

/* What the company configured for one menu. Immutable while in use. */
struct menu_surface {
	uint16_t options_n, home_n;  /* home_n: 1 to MENU_HOME_MAX. */
	const uint16_t *order;       /* The canonical order, all options once; NULL: by index. */
	const bool *always;          /* By option: never leaves home. NULL: none. At most home_n. */
};

/*
 * All times in one place, in units of @unit_ms; a caller without a clock passes the number of events as milliseconds
 * and a unit of 1. menu_pace_days is the server's, menu_pace_events for logs without times.
 */
struct menu_pace {
	int64_t unit_ms;
	uint32_t half_life_now, half_life_habit; /* A use counts as the mean of the two fading counts. */
	uint32_t dwell;                          /* An option stays in its home slot at least so long. */
	uint32_t budget_window, budget_moves;    /* At most so many proposed moves in the window. */
	uint32_t decline_rest;                   /* After a no; doubles with each. */
	uint32_t demote_rest, demote_views;      /* Shown so often and for so long without a use. */
	uint32_t window;                         /* Of the evidence. */
	double promote_least, promote_ratio, promote_lead; /* candidate >= least, and >= ratio * weakest + lead */
	double demote_below;
};
extern const struct menu_pace menu_pace_days, menu_pace_events;

/* May Attune change this menu? The customer says so once; nothing is preset. */
enum menu_mode { MENU_UNASKED, MENU_NO, MENU_ASK, MENU_DO };

struct menu_record {
	uint16_t option, views;      /* Views since the last use, saturating. */
	uint32_t now, habit;         /* Fading counts; see decay.h. */
	uint32_t last_used, first_shown, declined_until; /* In units; 0: never. */
	uint8_t parts[MENU_PARTS];   /* Uses in the window of evidence, newest first, saturating. */
	uint8_t no_count, unused;
};

struct menu {
	uint32_t bytes;
	uint32_t origin_now, origin_habit, clock, part; /* In units; part: number of the newest part of the window. */
	uint32_t moves[MENU_MOVES_MAX];                 /* Times of the latest moves proposed by Attune, newest first; 0: none. */
	uint32_t since[MENU_HOME_MAX];                  /* When the slot got its option by an operation; 0: from the start. */
	uint16_t home[MENU_HOME_MAX];
	uint16_t home_n, pinned, n;                     /* pinned: a bit a slot. */
	uint8_t mode, unused;
	struct menu_record records[];
};

/* The menu as the company set it up: the first options of the canonical order, and all that are always shown. */
void menu_init(struct menu *state, const struct menu_surface *surface);

static inline size_t menu_bytes(const struct menu *state)
{
	return state->bytes;
}

/*
 * The customer chose @option at @time_ms. A choice from the suggestions counts half, so that suggesting does not prove
 * itself right. The block holds at least menu_bytes + MENU_GROWTH_BYTES, or MENU_BYTES_MAX. Times before the newest count as the newest.
 */
struct menu_use {
	int64_t time_ms;
	uint16_t option;
	bool suggested;
};
void menu_learn(struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace, struct menu_use use);

/* The menu was shown. Block and times as above. */
void menu_view(struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace, int64_t time_ms);

/* The uses behind a proposal: "You used share prices 14 times in 30 days; loans 0 times in 120 days." */
struct menu_evidence {
	uint32_t uses, window; /* Uses in the last @window units; the window ends now and never claims more than was counted. */
};
struct menu_evidence menu_evidence_of(const struct menu *state, const struct menu_pace *pace, uint16_t option, int64_t now_ms);

enum menu_move { MENU_MOVE_PROMOTE, MENU_MOVE_DEMOTE };
struct menu_proposal {
	enum menu_move move;
	uint16_t option, over, slot; /* over: what leaves the slot; MENU_NONE when the slot is free or for a demotion. */
	struct menu_evidence option_evidence, over_evidence;
};

/*
 * The move that would help most now, if one is due: false with mode MENU_NO, an exhausted budget, or no option that
 * clearly beats the weakest. Pure and without memory: the caller keeps at most one proposal open. With MENU_UNASKED it
 * says what could be offered when asking; with MENU_DO the caller applies it at once.
 * A customer who needs a stable layout gets no moves: announce the suggestions as shortcuts instead of calling this.
 */
bool menu_propose(const struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace, int64_t now_ms,
                  struct menu_proposal *proposal);

/* Append the sentence of @proposal to @out. @names by option; days for the server's pace. */
void menu_sentence(struct buffer *out, const struct menu_proposal *proposal, const struct menu_pace *pace,
                   const struct text *names);

enum menu_op_kind { MENU_OP_PROMOTE, MENU_OP_DEMOTE, MENU_OP_BRING_BACK, MENU_OP_PIN, MENU_OP_UNPIN, MENU_OP_SET_ORDER,
                    MENU_OP_SET_MODE, MENU_OP_DECLINE };
struct menu_op {
	enum menu_op_kind kind;
	enum menu_mode mode;      /* SET_MODE. */
	int64_t time_ms;
	bool by_customer;         /* Not proposed by Attune: takes nothing from the budget. */
	uint16_t option;          /* All but SET_ORDER and SET_MODE. */
	uint16_t over;            /* PROMOTE: whose slot; MENU_NONE: the first free one. */
	uint16_t slot;            /* PIN. */
	uint16_t order[MENU_HOME_MAX], order_n; /* SET_ORDER: the home slots, in full; MENU_NONE for a free one. */
	uint16_t stated_n;        /* SET_ORDER: the first so many were put there by hand, and are pinned. */
};

/*
 * Change the layout. BRING_BACK takes the first free slot, else the one of the least used option that may move. PIN puts
 * the option at the slot, changing places with the one there. An undone automatic move should be followed by DECLINE
 * twice. Errors, the state then being as before: ERROR_INVALID (no such option, slot or mode; an order with doubles),
 * ERROR_CONFLICT (it is there already, or the slot's option is pinned or always shown). A replay goes on after both.
 * Block as for menu_learn.
 */
int menu_apply_op(struct menu *state, const struct menu_surface *surface, const struct menu_pace *pace,
                  const struct menu_op *op) MUST_CHECK;

/* The whole menu as a plain value; two are equal when their bytes are. */
struct menu_layout {
	uint16_t home_n, more_n, pinned, mode;
	uint16_t home[MENU_HOME_MAX];      /* MENU_NONE: a free place. */
	uint16_t more[MENU_OPTIONS_MAX];   /* In canonical order. */
};
void menu_layout_of(struct menu_layout *layout, const struct menu *state, const struct menu_surface *surface);

#endif
