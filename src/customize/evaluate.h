/*
 * evaluate.h: how well past choices would have been foreseen, by the very code that decides for the server.
 *
 * Every customer's log is replayed from nothing: first predict, then learn. Nothing is looked up ahead, with one
 * exception that is part of the question: a customer's menu starts in the order of the other customers' popularity.
 */
#ifndef ATTUNE_CUSTOMIZE_EVALUATE_H
#define ATTUNE_CUSTOMIZE_EVALUATE_H

#include "customize/choices.h"
#include "customize/menu.h"
#include "customize/next.h"

/* Half of the customers, by their place in the log: to choose constants on one and report the other. */
enum evaluate_half { EVALUATE_ALL, EVALUATE_EVEN, EVALUATE_ODD };

struct evaluate_settings {
	enum evaluate_half half;
	uint32_t slots, suggestions;         /* Of the menu: 1 to MENU_HOME_MAX, 0 to EVALUATE_SUGGESTIONS_MAX. */
	const struct next_pace *next_pace;   /* NULL: the server's constants. */
	const struct usual_pace *usual_pace;
	const struct menu_pace *menu_pace;
	void (*progress)(void *context, uint64_t events_done); /* May be NULL. */
	void *progress_context;
};
enum { EVALUATE_SUGGESTIONS_MAX = 8, EVALUATE_NEXT_BYTES = 1 << 20, EVALUATE_USES_BEFORE = 3 };

/* Counts; the shares are quotients of them. */
struct evaluate_menu {
	uint64_t customers, events;
	uint64_t top1, top5;     /* The next choice was the first, or among the first five, foreseen. */
	uint64_t in_home, in_view; /* It stood in the menu; there or among the suggestions. */
	uint64_t changes;        /* Home slots that changed their content. */
};

struct evaluate_usual {
	uint64_t customers, events; /* Events from each customer's fourth on. */
	uint64_t top1;           /* The likeliest value was chosen, offered or not. */
	uint64_t offered, right; /* Value and companion. */
};

/*
 * Replay @choices, which must be sorted, as a menu of options or as a usual value.
 * Errors: ERROR_MEMORY. The caller has checked that the log has options, or values.
 */
int evaluate_menu(struct evaluate_menu *result, const struct choices *choices, const struct evaluate_settings *settings) MUST_CHECK;
int evaluate_usual(struct evaluate_usual *result, const struct choices *choices,
                   const struct evaluate_settings *settings) MUST_CHECK;

#endif
