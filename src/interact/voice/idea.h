/*
 * idea.h: what customers propose, who is for it, who has tried it, and what the company says to it.
 *
 * Customers say it by events: "Idea Proposed" {idea, title, text}, "Idea Supported" {idea}, which counts once a customer
 * and is taken back by "Idea Support Withdrawn" {idea}, and "Idea Tried" {idea}. Staff answer by a document:
 *
 *   kind: idea
 *   name: notes-by-size
 *   status: trying                 # new | considered | trying | done | declined
 *   where: branch 3
 *   says: We try it with ten machines until spring.
 *   decided_by: Mara Lund
 *   decided: 2026-11-02
 *
 * What comes with a public key alone counts for nothing: anybody could vote as often as there are anonymousIds.
 *
 * No idea is without a status: one that nobody has answered is new, and overdue after IDEA_ANSWER_DAYS. Others see title
 * and text of an idea, never whose it is. The state takes nothing for who has no part in any idea.
 */
#ifndef ATTUNE_INTERACT_VOICE_IDEA_H
#define ATTUNE_INTERACT_VOICE_IDEA_H

#include "engine/config_build.h"
#include "engine/fold.h"

enum {
	IDEA_ID_BYTES_MAX = 64, IDEA_TITLE_BYTES_MAX = 120, IDEA_TEXT_BYTES_MAX = 800,
	IDEA_ANSWER_DAYS = 14,
	IDEAS_LISTED_MAX = 2000,
};

#define IDEA_PROPOSED_EVENT "Idea Proposed"
#define IDEA_SUPPORTED_EVENT "Idea Supported"
#define IDEA_WITHDRAWN_EVENT "Idea Support Withdrawn"
#define IDEA_TRIED_EVENT "Idea Tried"

extern const struct config_kind idea_kind;
extern const struct fold idea_fold;

/* Is @id fit to name an idea: letters, digits, dashes? */
bool idea_id_is_sound(struct text id);

/* ---- what the company says ---- */

struct idea_answer {
	struct text idea, status, where, says, decided_by;
	int64_t decided_ms;           /* 0: not said. */
};
/* NULL: nobody has answered yet. */
const struct idea_answer *idea_answer_of(const struct config *config, struct text idea);

/* ---- one customer's part ---- */

enum idea_part_kind { IDEA_PROPOSED, IDEA_SUPPORTED, IDEA_TRIED };
struct idea_part {
	enum idea_part_kind kind;
	struct text idea, title, text; /* The last two of what was proposed. */
	int64_t time_ms;
};
/* Walk a state: start with *@at = 0. Support that was taken back is left out. */
bool idea_next(struct text state, size_t *at, struct idea_part *part);
bool idea_has_part(struct text state, enum idea_part_kind kind, struct text idea);

/* ---- all ideas ---- */

struct idea {
	struct text id, title, text;
	int64_t proposed_ms;
	uint32_t proposer;            /* Number of the customer: for the one's own page. Never shown. */
	uint32_t votes, tried;
	const struct idea_answer *answer;
};

struct idea_list {
	struct arena *arena;
	struct idea *items;           /* After idea_list_finish: the most votes first, then the oldest. */
	size_t n, left_out;           /* Beyond IDEAS_LISTED_MAX. */
	uint32_t *table;              /* Of hashes of ids: index + 1. */
};

/* Errors: ERROR_MEMORY. */
int idea_list_begin(struct idea_list *list, struct arena *arena) MUST_CHECK;
/* Take in the part of customer @customer. Of two who propose the same id the earlier counts. Errors: ERROR_MEMORY. */
int idea_list_add(struct idea_list *list, struct text state, uint32_t customer) MUST_CHECK;
/* Join what the company says, leave out what nobody proposed, and sort. */
void idea_list_finish(struct idea_list *list, const struct config *config);
const struct idea *idea_list_find(const struct idea_list *list, struct text id);

/* The status in a word, and whether the company is late with its answer. */
struct text idea_status(const struct idea *idea);
bool idea_is_overdue(const struct idea *idea, int64_t now_ms);

#endif
