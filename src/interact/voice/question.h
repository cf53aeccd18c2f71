/*
 * question.h: questions to customers (kind question), and the budget that keeps them from being asked too often.
 *
 *   kind: question
 *   name: cash-stars
 *   text: How was it just now?
 *   scale: stars                       # stars 1 to 5 | nps 0 to 10 | ces 1 to 7 | rank
 *   where: machine-withdrawal          # the touchpoint that is asked about
 *   after: {event: Cash Withdrawn}     # what counts as a use
 *   every: {uses: 24}                  # and/or time: 30d; without it the same question rests 90 days
 *   purpose: research
 *
 * One budget holds for all questions on all channels: somebody is asked who has agreed to the question's purpose, who has
 * answered nothing for 48 hours, who was asked nothing for 30 days, and between whom and the company no complaint is open.
 * Whoever wishes to be asked more seldom, or never, is (QUESTION_WISH). Nobody is asked beside these rules, and why somebody
 * was not asked is said in words.
 *
 * The state: 4 bytes for who has ever answered anything, 16 a question that was asked, nothing for everybody else. It is
 * folded from the events "Question Asked" {question}, which a decision writes when it asks and other systems send when they
 * do, the answers' events, and the uses since. The fold is ordered, for uses are counted from an asking on.
 *
 * Source of the periods: measure.md has them as a proposal; they are constants here, and not settings, so that no campaign
 * can buy itself an exception.
 */
#ifndef ATTUNE_INTERACT_VOICE_QUESTION_H
#define ATTUNE_INTERACT_VOICE_QUESTION_H

#include "engine/config_build.h"
#include "engine/fold.h"

enum {
	QUESTION_OPTIONS_MAX = 8,
	QUESTIONS_MAX = 32,             /* Of a configuration. */
	QUESTION_ANSWERED_HOURS = 48,   /* Since any answer. */
	QUESTION_ASKED_DAYS = 30,       /* Since any asking. */
	QUESTION_SAME_DAYS = 90,        /* Since the same was asked, unless "every" counts uses. */
	QUESTION_WISH_DAYS_MAX = 3650,  /* Of a wish to be asked more seldom; more is "never". */
	QUESTION_UNUSED_DAYS = 30,      /* Answers that nobody has looked at for so long: the question rests. */
};

#define QUESTION_ASKED_EVENT "Question Asked"

enum question_scale { QUESTION_STARS, QUESTION_NPS, QUESTION_CES, QUESTION_RANK, QUESTION_SCALES };

/* What an answer on a scale looks like: the event it becomes, the property that holds it, and its bounds. */
struct question_scale_of {
	const char *name, *event, *property;
	int64_t low, high;              /* 0, 0: no number. */
};
extern const struct question_scale_of question_scales[QUESTION_SCALES];

/* One of the options to rank, or of the motives. */
struct question_choice {
	struct text name, title;
	uint32_t mark;                  /* A hash of the name, for states. */
};

struct question {
	struct text name, text, about, use, where, purpose_name;
	uint32_t mark;                  /* A hash of the name, for states. */
	enum question_scale scale;
	uint64_t purpose;               /* The mask of its purpose. */
	int64_t every_uses;             /* 0: uses do not matter. */
	int64_t every_ms;               /* 0: QUESTION_SAME_DAYS, or none where uses count. */
	double goal;                    /* The mean that is aimed at; NAN: none. */
	/* rank */
	struct question_choice options[QUESTION_OPTIONS_MAX], motives[QUESTION_OPTIONS_MAX];
	size_t options_n, motives_n;
	struct text us, warning;        /* The option that is this company; the motive that is watched. */
};

struct questions {
	const struct question *items;
	size_t n;
	uint64_t purposes;              /* Of all together. */
};

extern const struct config_kind question_kind;
extern const struct fold question_fold;

const struct questions *questions_of(const struct config *config); /* Never NULL. */
const struct question *question_find(const struct config *config, struct text name);
/* Where @question stands among the questions of @config: its bit in a mask of them. */
uint32_t question_bit(const struct config *config, const struct question *question);

/* What a customer's state says about one question. */
struct question_course {
	int64_t asked_ms;               /* The last time; 0: never. */
	uint32_t uses;                  /* Since then. */
	uint32_t asks, answers;         /* Ever. */
	bool answered;                  /* Since it was asked last. */
};
/* False when it was never asked. */
bool question_course(struct text state, const struct question *question, struct question_course *course);
int64_t question_last_answer(struct text state); /* On any scale and channel; 0: never. */

enum question_reason {
	QUESTION_MAY, QUESTION_NO_CONSENT, QUESTION_RESTS, QUESTION_COMPLAINT, QUESTION_ANSWERED_LATELY, QUESTION_ASKED_LATELY,
	QUESTION_SAME_LATELY, QUESTION_FEW_USES, QUESTION_WISHED
};

/* How often a customer wants to be asked, as a preference: "never", or days between two askings (a number, or its digits). */
#define QUESTION_WISH "questions.often"
/* The days; -1: never; 0: no wish, or none that asks less often than the budget does. */
int32_t question_wish(struct value stated);

struct question_budget {
	uint64_t consents;              /* What the customer has agreed to. */
	struct text state;              /* Of question_fold. */
	bool complaint_open;
	bool rests;                     /* Nobody looks at its answers. */
	int64_t now_ms;
	int32_t wish;                   /* Of question_wish. */
};
/* May @question be asked? Pure. */
enum question_reason question_may_ask(const struct question *question, const struct question_budget *budget);

/* Why (not), as a sentence to the customer, into @out. */
void question_reason_say(struct buffer *out, const struct question *question, enum question_reason reason,
                         const struct question_budget *budget);

#endif
