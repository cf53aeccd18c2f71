/*
 * surface.h: places that ask for a decision (kind surface): what they may show, what they learn from, and for what purpose.
 */
#ifndef ATTUNE_CUSTOMIZE_SURFACE_H
#define ATTUNE_CUSTOMIZE_SURFACE_H

#include "customize/menu.h"
#include "customize/recommend.h"
#include "engine/config_build.h"
#include "event/event.h"
#include "trust/purpose.h"

enum { SURFACE_STANDARD_MAX = 16, SURFACE_WITH_MAX = 4, SURFACE_STATED_MAX = 8, SURFACE_QUESTIONS_MAX = 8 };

enum surface_type { SURFACE_USUAL, SURFACE_MENU, SURFACE_QUESTION, SURFACE_RECOMMEND, SURFACE_TYPES };
const char *surface_type_name(enum surface_type type); /* "usual", "menu", "question", "recommend". */

struct surface_stated {
	struct text field, preference; /* The answer's field and the preference that rules it: notes, cash.notes. */
};

struct surface {
	struct text name, title;       /* The title may be empty. */
	uint32_t mark;                 /* A hash of the name, for states. */
	enum surface_type type;
	uint64_t purpose;              /* The mask it acts for. */
	struct text purpose_name;
	/* What it learns from: a track event's field, or the screens (pages) that are called as its options. */
	struct text event, field;
	struct text with[SURFACE_WITH_MAX];
	size_t with_n;
	bool screens, pages;
	/* usual */
	struct value standard[SURFACE_STANDARD_MAX];
	size_t standard_n;
	struct surface_stated stated[SURFACE_STATED_MAX];
	size_t stated_n;
	struct text verb, currency, ask;
	struct value asks;                 /* The same question by language: an object of texts. Absent without. */
	int64_t saves_ms;                  /* What one right usual choice spares the customer; 0: not stated. */
	/* menu */
	struct text options[MENU_OPTIONS_MAX], titles[MENU_OPTIONS_MAX];
	uint32_t marks[MENU_OPTIONS_MAX]; /* A hash of the option's name: stands for it where room is short. */
	bool always[MENU_OPTIONS_MAX];
	struct menu_surface menu;
	/* question */
	struct text questions[SURFACE_QUESTIONS_MAX]; /* Names, in the order in which they come up. */
	size_t questions_n;
	/* recommend */
	uint32_t categories[RECOMMEND_CATEGORIES_MAX]; /* Marks; none: products of all. */
	size_t categories_n, slots;
};

extern const struct config_kind surface_kind;

/* Walk the surfaces: start with *@at = 0; NULL at the end. */
const struct surface *surface_next(const struct config *config, size_t *at);
uint64_t surface_purposes(const struct config *config, enum surface_type type); /* What surfaces of @type act for, together. */
const struct surface *surface_find(const struct config *config, struct text name);

/* The option of a menu by name, MENU_NONE without. */
uint16_t surface_option(const struct surface *surface, struct text name);

#endif
