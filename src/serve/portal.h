/*
 * portal.h: what the files of the portal share: one customer's page, gathered first and then written section by section.
 *
 * Gathering holds the customer's lock for copying states and for looking one month ahead for guesses; the history is
 * walked and everything is written without it. States, events and texts live as long as the request.
 */
#ifndef ATTUNE_SERVE_PORTAL_H
#define ATTUNE_SERVE_PORTAL_H

#include "customize/language.h"
#include "customize/layout.h"
#include "interact/preference.h"
#include "serve/api.h"
#include "serve/controller.h"
#include "serve/html.h"
#include "serve/undo.h"

enum {
	PORTAL_CHANGES_MAX = 500,   /* Of the newest changes; older ones are in the copy the customer can take along. */
	PORTAL_GUESSES_MAX = 32,
	PORTAL_MENUS_MAX = 8,
	PORTAL_SAVING_DAYS = 90,
	PORTAL_GIVEN_MAX = 10,
};

struct portal_change {
	struct event event;         /* One that the customer may take back: see undo.h. */
	bool undone;
};

struct portal_guess {
	const struct surface *surface;
	struct text text;
	struct value value;         /* Of a usual choice; absent for others. */
};

/* How often what is guessed was what the customer wanted: what a purpose spares. */
struct portal_saving {
	const struct surface *surface;
	uint32_t right, of;         /* In the last PORTAL_SAVING_DAYS. */
};

struct portal_menu {
	const struct surface *surface;
	struct menu_layout layout;
};

struct portal {
	struct request *request;
	const struct config *config;
	uint32_t origin;
	char form_token[KEYS_MARK_BYTES];
	struct html html;
	struct text name, identifiers, traits, preferences, consents, matters, moved, rights;
	struct accessibility accessibility;
	struct languages languages;    /* That the customer reads, the best first. */
	struct portal_guess guesses[PORTAL_GUESSES_MAX];
	size_t guesses_n;
	struct portal_saving savings[PORTAL_GUESSES_MAX];
	size_t savings_n;
	struct portal_menu menus[PORTAL_MENUS_MAX];
	size_t menus_n;
	struct portal_change *changes; /* Newest first. */
	size_t changes_n;
	struct event given[PORTAL_GIVEN_MAX]; /* Answers on scales, newest first. */
	size_t given_n, given_all;
};

/* portal_read.c. Errors: ERROR_NOT_FOUND, ERROR_BUSY, ERROR_MEMORY, ERROR_CORRUPT. */
int portal_read(struct portal *portal) MUST_CHECK;
/* The change at @position, NULL when it is not among the newest. */
const struct portal_change *portal_change_at(const struct portal *portal, uint64_t position);
bool portal_change_is_recent(const struct portal *portal, const struct portal_change *change); /* Within UNDO_DAYS. */

/* Take @cookie, which is @token, for whose page it is. False: there were too many requests, which is answered. */
bool portal_open_as(struct portal *portal, struct text cookie, const struct token *token);

/* Is a token laid aside by /me/enter? Then it becomes @cookie's, unless somebody else is here: false, and the page asks who. */
bool portal_entering(struct portal *portal, struct text *cookie);
void portal_continue_form(struct portal *portal); /* What was answered to that. */

/* portal.c: who is here. False: a page that says why not is written. */
bool portal_open(struct portal *portal, struct request *request);
/* A page of a heading and a sentence. */
void portal_problem(struct request *request, int status, const char *title, const char *sentence);

/* The page from its beginning to the open main part, and from there to its end. */
void portal_frame_open(struct portal *portal, const char *title);
/* The same for somebody who is signed in no more: without the form that signs out. Ends with portal_frame_close, too. */
void portal_bare_open(struct portal *portal, int status, const char *title);
void portal_frame_close(struct portal *portal);

/* portal_erase.c: the word that confirms, and the erasure. */
void portal_erase_form(struct portal *portal);
/* Was whoever the token names erased lately? Then a page with the certificate is written. */
bool portal_erased(struct portal *portal, struct text subject);

/* portal_ideas.c: the forms of the page of ideas. */
void portal_idea_form(struct portal *portal);
void portal_propose_form(struct portal *portal);

/* portal_question.c: the answer to the question of the own page. */
#define PORTAL_QUESTION_SURFACE "own-page-question"
void portal_answer_form(struct portal *portal);

/* The sections, each with its heading as a question. */
void portal_known_section(struct portal *portal);      /* portal_known.c */
void portal_worth_write(struct portal *portal);         /* portal_worth.c: part of what is known. */
void portal_part_write(struct portal *portal);          /* portal_part.c: another. */
void portal_open_section(struct portal *portal);
void portal_choices_section(struct portal *portal);    /* portal_choices.c */
void portal_contact_section(struct portal *portal);    /* portal_contact.c */
void portal_way_section(struct portal *portal);        /* portal_way.c */
void portal_menu_section(struct portal *portal);       /* portal_menu.c */
void portal_undo_section(struct portal *portal);       /* portal_undo.c */
void portal_stars_section(struct portal *portal);      /* portal_stars.c */
void portal_rights_section(struct portal *portal);     /* portal_rights.c */
void portal_sessions_section(struct portal *portal);   /* portal_sessions.c */
void portal_sign_out_form(struct portal *portal);

/* portal_controller.c: who answers for the data, as a section and as one sentence in a paragraph. */
void portal_controller_section(struct portal *portal);
void portal_controller_sentence(struct html *html, const struct controller *controller);

/* portal_brand.c: logo and name of the company; nothing without a brand. */
void portal_brand_write(struct portal *portal);

/* portal_rights.c: a request in the customer's words, and making one. */
const char *portal_rights_words(struct text type);
void portal_request_form(struct portal *portal);

/* portal_known.c: a stated trait put right. */
void portal_correct_form(struct portal *portal);

/* portal_words.c: times, names and values in a customer's words. */
void portal_day(struct html *html, int64_t ms);        /* 3 May 2026 */
void portal_moment(struct html *html, int64_t ms);     /* 3 May 2026, 09:15 */
void portal_name(struct html *html, struct text name, bool capital); /* post.day, postDay: "post day" */
void portal_value(struct html *html, struct value value);
void portal_amount(struct html *html, int64_t minor, struct text currency);
/* A purpose in the customer's language, its parts marked with the language that they are in. */
struct purpose_words portal_purpose_words(const struct portal *portal, const struct purpose *purpose);
void portal_purpose_title(struct portal *portal, const struct purpose *purpose);
void portal_foreign(struct html *html, struct text text, struct text language); /* The text, marked when it is not in English. */
struct text portal_document_title(const struct config *config, struct text kind, struct text name); /* Or the name. */
void portal_on_channel(struct html *html, enum channel channel); /* " in the app", "" for none. */
void portal_change_text(struct portal *portal, const struct portal_change *change);

/* portal_worth.c: "Used for “…”: you agreed on 3 May. It ends when you switch that off." */
void portal_used_for(struct portal *portal, const struct purpose *purpose);

/* portal_way.c: a preference as its question and answer; false when it is none of the page's own. */
bool portal_wish_text(struct html *html, struct text name, struct value value);
/* What a posted form asks to change, into an open object. Returns how many, or -1 when one has no such answer. */
int portal_wishes_read(struct portal *portal, struct json_writer *out);

/* portal_contact.c: the same of what the customer wants to hear about. */
bool portal_contact_text(struct portal *portal, struct text name, struct value value);
int portal_contact_read(struct portal *portal, struct json_writer *out);

/* portal_choices.c: the name that records of the button "stop all" carry, so that one touch undoes them together. */
#define PORTAL_STOP_CONTROL "stop-all"

/* portal_saving.c: what @purpose (a mask) spares the customer, in ms a month; @right of @of uses in PORTAL_SAVING_DAYS were as guessed. */
int64_t portal_saving_ms(const struct portal *portal, uint64_t purpose, uint32_t *right, uint32_t *of);
void portal_saving_open(struct portal *portal);        /* After the guesses are read. */
void portal_saving_count(struct portal *portal, const struct event *event);

/* portal_stars.c: an answer among what the customer gave. */
void portal_stars_count(struct portal *portal, const struct event *event);

/* portal_form.c: what was just done, when it was in this section. */
void portal_done_write(struct portal *portal, const char *section);
/* Back to the section of @code, a name of what was done; @undo 0: nothing to offer. */
void portal_done_redirect(struct request *request, const char *code, uint64_t undo);

/* Pieces of markup. */
void portal_section_open(struct portal *portal, const char *id, const char *question);
void portal_section_close(struct portal *portal);
void portal_form_open(struct portal *portal, const char *action); /* With the hidden field against cross-site posts. */
void portal_hidden(struct html *html, const char *name, struct text value);
void portal_undo_button(struct portal *portal, uint64_t position);

#endif
