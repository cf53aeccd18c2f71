/* question.c: questions, and who may be asked them when. */
#include "interact/voice/question.h"

#include "base/clock.h"
#include "base/unit.h"
#include "trust/purpose.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

const struct question_scale_of question_scales[QUESTION_SCALES] = {
	[QUESTION_STARS] = {"stars", "Rating Given", "stars", 1, 5},
	[QUESTION_NPS] = {"nps", "Recommendation Given", "value", 0, 10},
	[QUESTION_CES] = {"ces", "Effort Given", "value", 1, 7},
	[QUESTION_RANK] = {"rank", "Preference Ranked", "order", 0, 0},
};

/* ---- configuration ---- */

static const struct config_key after_keys[] = {{.name = "event", .type = CONFIG_TEXT, .required = true}, {.name = NULL}};
static const struct config_key every_keys[] = {{.name = "uses", .type = CONFIG_NUMBER}, {.name = "time", .type = CONFIG_TEXT}, {.name = NULL}};
static const struct config_key question_keys[] = {
	{.name = "text", .type = CONFIG_TEXT, .required = true},
	{.name = "scale", .type = CONFIG_TEXT, .required = true, .choices = "stars nps ces rank"},
	{.name = "where", .type = CONFIG_TEXT, .required = true},
	{.name = "purpose", .type = CONFIG_TEXT, .required = true},
	{.name = "about", .type = CONFIG_TEXT},
	{.name = "after", .type = CONFIG_MAP, .keys = after_keys},
	{.name = "every", .type = CONFIG_MAP, .keys = every_keys},
	{.name = "goal", .type = CONFIG_NUMBER},
	{.name = "options", .type = CONFIG_MAP},
	{.name = "motives", .type = CONFIG_MAP},
	{.name = "us", .type = CONFIG_TEXT},
	{.name = "warning", .type = CONFIG_TEXT},
	{.name = NULL}};

static struct text member(const struct config_document *document, const char *path)
{
	return value_text(value_at(document->body, text_of(path)));
}

/* {harbour: Harbour, north: "North Bank"} as choices. */
static int choices_read(struct config_build *build, const struct config_document *document, const char *key,
                        struct question_choice *choices, size_t *n)
{
	struct value_cursor cursor = {0};
	struct value title;
	struct text name;
	while (value_next_member(&cursor, value_get(document->body, text_of(key)), &name, &title)) {
		if (*n == QUESTION_OPTIONS_MAX)
			return config_problem(build, document, key, "at most %d can be named", QUESTION_OPTIONS_MAX);
		if (value_text(title).n == 0)
			return config_problem(build, document, key, "each name needs the words a customer reads");
		choices[(*n)++] = (struct question_choice){name, value_text(title), (uint32_t)XXH3_64bits(name.p, name.n)};
	}
	return 0;
}

static bool is_among(const struct question_choice *choices, size_t n, struct text name)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(choices[i].name, name))
			return true;
	return false;
}

static int rank_read(struct config_build *build, const struct config_document *document, struct question *question)
{
	int error = choices_read(build, document, "options", question->options, &question->options_n);
	if (!error)
		error = choices_read(build, document, "motives", question->motives, &question->motives_n);
	question->us = member(document, "us");
	question->warning = member(document, "warning");
	if (error)
		return error;
	if (question->options_n < 2 || !is_among(question->options, question->options_n, question->us))
		return config_problem(build, document, "options", "a ranking needs at least two options, and \"us\" among them");
	if (question->warning.n && !is_among(question->motives, question->motives_n, question->warning))
		return config_problem(build, document, "warning", "\"%.*s\" is not among the motives", TEXT_ARGS(question->warning));
	return 0;
}

static int question_read(struct config_build *build, const struct config *config, const struct config_document *document,
                         struct question *question)
{
	struct text scale = member(document, "scale"), time = member(document, "every.time");
	*question = (struct question){
		.name = document->name, .text = member(document, "text"), .about = member(document, "about"), .use = member(document, "after.event"),
		.where = member(document, "where"), .purpose_name = member(document, "purpose"), .goal = NAN,
		.mark = (uint32_t)XXH3_64bits(document->name.p, document->name.n)};
	while (question->scale < QUESTION_RANK && !text_equal(scale, text_of(question_scales[question->scale].name)))
		question->scale++;
	value_double(value_get(document->body, TEXT("goal")), &question->goal);
	value_int(value_at(document->body, TEXT("every.uses")), &question->every_uses);
	const struct purpose *purpose = purpose_find(config, question->purpose_name);
	if (!purpose)
		return config_problem(build, document, "purpose", "there is no purpose \"%.*s\"", TEXT_ARGS(question->purpose_name));
	question->purpose = purpose->mask;
	if (time.n && duration_parse(time, &question->every_ms) != 0)
		return config_problem(build, document, "every.time", "time is a length of time such as 30d");
	if (question->every_uses < 0 || question->every_uses > UINT16_MAX || (question->every_uses && question->use.n == 0))
		return config_problem(build, document, "every", "uses are counted by the event of \"after\", and are at most %d", UINT16_MAX);
	return question->scale == QUESTION_RANK ? rank_read(build, document, question) : 0;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct questions *questions = arena_zero_alloc(config->arena, 1, sizeof *questions);
	struct question *items = arena_zero_alloc(config->arena, QUESTIONS_MAX, sizeof *items);
	const struct config_document *document;
	size_t at = 0;
	if (!questions || !items)
		return ERROR_MEMORY;
	while ((document = config_next(config, TEXT("question"), &at))) {
		if (questions->n == QUESTIONS_MAX)
			return config_problem(build, document, NULL, "there are at most %d questions", QUESTIONS_MAX);
		struct question *question = &items[questions->n++];
		int error = question_read(build, config, document, question);
		if (error)
			return error;
		questions->purposes |= question->purpose;
	}
	questions->items = items;
	*section = questions;
	return 0;
}

const struct config_kind question_kind = {
	.name = "question", .keys = question_keys, .shapes_states = true, .section = CONFIG_QUESTIONS, .compile = compile};

const struct questions *questions_of(const struct config *config)
{
	static const struct questions none;
	const struct questions *questions = config ? config->sections[CONFIG_QUESTIONS] : NULL;
	return questions ? questions : &none;
}

const struct question *question_find(const struct config *config, struct text name)
{
	const struct questions *questions = questions_of(config);
	for (size_t i = 0; i < questions->n; i++)
		if (text_equal(questions->items[i].name, name))
			return &questions->items[i];
	return NULL;
}

uint32_t question_bit(const struct config *config, const struct question *question)
{
	return (uint32_t)1 << (question - questions_of(config)->items);
}

/* ---- the state: the time of the last answer, then what was asked ---- */

struct entry {
	uint32_t mark, asked_s;
	uint16_t uses, asks, answers, answered;
};

enum { HEAD_BYTES = 4, ENTRIES_MAX = QUESTIONS_MAX };

static size_t entries_n(struct text state)
{
	return state.n < HEAD_BYTES ? 0 : (state.n - HEAD_BYTES) / sizeof(struct entry);
}

static bool entry_find(struct text state, uint32_t mark, size_t *at, struct entry *entry)
{
	for (*at = 0; *at < entries_n(state); (*at)++) {
		memcpy(entry, state.p + HEAD_BYTES + *at * sizeof *entry, sizeof *entry);
		if (entry->mark == mark)
			return true;
	}
	return false;
}

static void entry_store(struct fold_state *state, size_t at, const struct entry *entry)
{
	memcpy(state->p + HEAD_BYTES + at * sizeof *entry, entry, sizeof *entry);
}

static struct text view(const struct fold_state *state)
{
	return (struct text){(const char *)state->p, state->n};
}

static void head_make(struct fold_state *state)
{
	if (state->n >= HEAD_BYTES)
		return;
	memset(state->p, 0, HEAD_BYTES);
	state->n = HEAD_BYTES;
}

static uint16_t more(uint16_t n)
{
	return n < UINT16_MAX ? n + 1 : n;
}

static void asked_apply(struct fold_state *state, const struct event *event, const struct question *question)
{
	struct entry entry;
	size_t at;
	if (!question)
		return; /* Only what is configured: nobody can fill states with made-up questions. */
	head_make(state);
	if (!entry_find(view(state), question->mark, &at, &entry)) {
		if (at == ENTRIES_MAX)
			return;
		entry = (struct entry){.mark = question->mark};
		state->n += sizeof entry;
	}
	entry.asked_s = (uint32_t)(event->header.time_ms / MS_A_SECOND);
	entry.uses = 0;
	entry.answered = 0;
	entry.asks = more(entry.asks);
	entry_store(state, at, &entry);
}

static void answered_apply(struct fold_state *state, const struct event *event, const struct question *question)
{
	struct entry entry;
	size_t at;
	uint32_t time_s = (uint32_t)(event->header.time_ms / MS_A_SECOND);
	head_make(state);
	memcpy(state->p, &time_s, sizeof time_s);
	if (!question || !entry_find(view(state), question->mark, &at, &entry))
		return;
	entry.answered = 1;
	entry.answers = more(entry.answers);
	entry_store(state, at, &entry);
}

static void use_apply(struct fold_state *state, const struct question *question)
{
	struct entry entry;
	size_t at;
	if (!entry_find(view(state), question->mark, &at, &entry))
		return; /* Nobody counts the uses of somebody who was never asked. */
	entry.uses = more(entry.uses);
	entry_store(state, at, &entry);
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	const struct questions *questions = questions_of(context->config);
	struct text asked = value_text(event_value(event, TEXT("properties.question")));
	if (text_equal(event->name, TEXT(QUESTION_ASKED_EVENT)))
		asked_apply(state, event, question_find(context->config, asked));
	for (size_t i = 0; i < QUESTION_SCALES; i++)
		if (text_equal(event->name, text_of(question_scales[i].event)))
			answered_apply(state, event, question_find(context->config, asked));
	for (size_t i = 0; i < questions->n && state->n > HEAD_BYTES; i++)
		if (questions->items[i].use.n && text_equal(event->name, questions->items[i].use))
			use_apply(state, &questions->items[i]);
}

const struct fold question_fold = {
	.name = "questions", .version = 1, .bytes_max = HEAD_BYTES + ENTRIES_MAX * sizeof(struct entry), .ordered = true,
	.kinds = EVENT_KIND_BIT(EVENT_TRACK), .apply = apply};

/* ---- reading ---- */

bool question_course(struct text state, const struct question *question, struct question_course *course)
{
	struct entry entry;
	size_t at;
	*course = (struct question_course){0};
	if (!entry_find(state, question->mark, &at, &entry))
		return false;
	*course = (struct question_course){(int64_t)entry.asked_s * MS_A_SECOND, entry.uses, entry.asks, entry.answers, entry.answered != 0};
	return true;
}

int64_t question_last_answer(struct text state)
{
	uint32_t time_s = 0;
	if (state.n >= HEAD_BYTES)
		memcpy(&time_s, state.p, sizeof time_s);
	return (int64_t)time_s * MS_A_SECOND;
}

static int64_t last_asked(struct text state)
{
	struct entry entry;
	uint32_t last_s = 0;
	for (size_t at = 0; at < entries_n(state); at++) {
		memcpy(&entry, state.p + HEAD_BYTES + at * sizeof entry, sizeof entry);
		last_s = entry.asked_s > last_s ? entry.asked_s : last_s;
	}
	return (int64_t)last_s * MS_A_SECOND;
}

static bool is_within(int64_t then_ms, int64_t now_ms, int64_t ms)
{
	return then_ms != 0 && now_ms - then_ms < ms;
}

int32_t question_wish(struct value stated)
{
	int64_t days = 0;
	if (text_equal(value_text(stated), TEXT("never")))
		return -1;
	if (!value_int(stated, &days) && text_to_int64(value_text(stated), &days) != 0)
		return 0;
	return days > QUESTION_ASKED_DAYS && days <= QUESTION_WISH_DAYS_MAX ? (int32_t)days : 0;
}

enum question_reason question_may_ask(const struct question *question, const struct question_budget *budget)
{
	struct question_course course;
	bool before = question_course(budget->state, question, &course);
	int64_t rest_ms = question->every_ms ? question->every_ms : question->every_uses ? 0 : (int64_t)QUESTION_SAME_DAYS * MS_A_DAY;
	if (!(budget->consents & question->purpose))
		return QUESTION_NO_CONSENT;
	if (budget->wish < 0 || is_within(last_asked(budget->state), budget->now_ms, (int64_t)budget->wish * MS_A_DAY))
		return QUESTION_WISHED;
	if (budget->rests)
		return QUESTION_RESTS;
	if (budget->complaint_open)
		return QUESTION_COMPLAINT;
	if (is_within(question_last_answer(budget->state), budget->now_ms, (int64_t)QUESTION_ANSWERED_HOURS * MS_AN_HOUR))
		return QUESTION_ANSWERED_LATELY;
	if (is_within(last_asked(budget->state), budget->now_ms, (int64_t)QUESTION_ASKED_DAYS * MS_A_DAY))
		return QUESTION_ASKED_LATELY;
	if (before && is_within(course.asked_ms, budget->now_ms, rest_ms))
		return QUESTION_SAME_LATELY;
	if (before && course.uses < question->every_uses)
		return QUESTION_FEW_USES;
	return QUESTION_MAY;
}

void question_reason_say(struct buffer *out, const struct question *question, enum question_reason reason,
                         const struct question_budget *budget)
{
	struct question_course course;
	switch (reason) {
	case QUESTION_MAY:
		if (question->every_uses)
			buffer_format(out, "Asked once in %lld uses, and never twice within %d days.", (long long)question->every_uses, QUESTION_ASKED_DAYS);
		else
			buffer_format(out, "We ask one question in %d days at most, and this is it.", QUESTION_ASKED_DAYS);
		break;
	case QUESTION_NO_CONSENT:
		buffer_string(out, "Not asked: you have not agreed to be asked.");
		break;
	case QUESTION_WISHED:
		if (budget->wish < 0)
			buffer_string(out, "Not asked: you want to be asked nothing.");
		else
			buffer_format(out, "Not asked: you want at most one question in %d days.", budget->wish);
		break;
	case QUESTION_RESTS:
		buffer_format(out, "Not asked: nobody here has looked at the answers for %d days, so the question rests.", QUESTION_UNUSED_DAYS);
		break;
	case QUESTION_COMPLAINT:
		buffer_string(out, "Not asked: a complaint of yours is open, and comes first.");
		break;
	case QUESTION_ANSWERED_LATELY:
		buffer_format(out, "Not asked: you answered something within the last %d hours.", QUESTION_ANSWERED_HOURS);
		break;
	case QUESTION_ASKED_LATELY:
		buffer_format(out, "Not asked: you were asked something within the last %d days.", QUESTION_ASKED_DAYS);
		break;
	case QUESTION_SAME_LATELY:
		buffer_string(out, "Not asked: you were asked the same not long ago.");
		break;
	case QUESTION_FEW_USES:
		question_course(budget->state, question, &course);
		buffer_format(out, "Not asked: %u of %lld uses since it was asked last.", course.uses, (long long)question->every_uses);
		break;
	}
}
