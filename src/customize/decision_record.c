/* decision_record.c: a decision as a record of bounded length. */
#include "customize/decision.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

/*
 * How much of a decision is written, from all of it to what always fits: at the last level the largest record of a menu is 517
 * bytes (home 154, withheld 142, why 86, ask 53, suggestions 44, the rest 38), of a recommendation 499 (considered 233).
 */
struct detail {
	bool names;           /* Of options; else their marks. */
	size_t options_max;   /* Of a usual choice: what is shown first and the next few. */
	size_t why_max;       /* Bytes of the sentence. */
	bool ask_text;        /* The words of the question. */
	bool surface;         /* The names of surface and purpose, which the header and the configuration know as well. */
};

static const struct detail details[] = {
	{true, DECISION_OPTIONS_MAX, DECISION_WHY_BYTES, true, true},
	{false, 8, DECISION_WHY_BYTES, true, true},
	{false, 8, 160, true, true},
	{false, 3, 160, false, true},
	{false, 0, 80, false, false},
};
enum { DETAILS = sizeof details / sizeof *details };

static void options_encode(struct buffer *out, const struct decision *decision, const struct detail *detail)
{
	value_put_key(out, TEXT("options"));
	size_t list = value_open(out, VALUE_ARRAY);
	for (size_t i = 0; i < decision->options_n && i < detail->options_max; i++) {
		const struct decision_option *option = &decision->options[i];
		size_t object = value_open(out, VALUE_OBJECT);
		value_put_key(out, TEXT("value"));
		value_put(out, option->value);
		if (option->with.n) {
			value_put_key(out, TEXT("with"));
			value_put(out, option->with);
		}
		if (option->source != DECISION_STANDARD) {
			value_put_key(out, option->source == DECISION_STATED ? TEXT("stated") : TEXT("usual"));
			value_put_bool(out, true);
		}
		value_close(out, object);
	}
	value_close(out, list);
}

static void option_encode(struct buffer *out, const struct surface *surface, uint16_t option, const struct detail *detail)
{
	if (detail->names)
		value_put_text(out, surface->options[option]);
	else
		value_put_int(out, surface->marks[option]);
}

static void menu_encode(struct buffer *out, struct text key, const struct surface *surface, const uint16_t *options, size_t n,
                        const struct detail *detail)
{
	value_put_key(out, key);
	size_t list = value_open(out, VALUE_ARRAY);
	for (size_t i = 0; i < n; i++)
		if (options[i] != MENU_NONE)
			option_encode(out, surface, options[i], detail);
	value_close(out, list);
}

/* The quantised inputs from which the same is recommended again; the names of what was shown are for people. */
static void considered_encode(struct buffer *out, const struct recommendation *recommendation, const struct detail *detail)
{
	value_put_key(out, TEXT("considered"));
	size_t list = value_open(out, VALUE_ARRAY);
	for (size_t i = 0; i < recommendation->considered_n; i++)
		value_put_int(out, (int64_t)recommendation->considered[i]);
	value_close(out, list);
	if (!detail->names)
		return;
	value_put_key(out, TEXT("shown"));
	list = value_open(out, VALUE_ARRAY);
	for (size_t i = 0; i < recommendation->shown_n; i++)
		value_put_text(out, recommendation->shown[i].input.product->name);
	value_close(out, list);
}

static void ask_encode(struct buffer *out, const struct decision *decision, const struct detail *detail)
{
	static const char *const kinds[] = {"", "consent", "promote", "demote", "question"};
	const struct surface *surface = decision->surface;
	const struct decision_ask *ask = &decision->ask;
	value_put_key(out, TEXT("ask"));
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("kind"));
	value_put_text(out, text_of(kinds[ask->kind]));
	if (detail->ask_text) {
		value_put_key(out, TEXT("text"));
		value_put_text(out, (struct text){ask->text, ask->text_n});
	}
	if (ask->language.n) {
		value_put_key(out, TEXT("language"));
		value_put_text(out, ask->language);
	}
	if (ask->kind == SUGGESTION_QUESTION) {
		value_put_key(out, TEXT("question"));
		value_put_int(out, ask->question->mark);
	} else if (ask->kind == SUGGESTION_CONSENT && detail->surface) {
		value_put_key(out, TEXT("purpose"));
		value_put_text(out, surface->purpose_name);
	} else if (ask->kind != SUGGESTION_CONSENT) {
		value_put_key(out, TEXT("option"));
		option_encode(out, surface, ask->option, detail);
		if (ask->over != MENU_NONE) {
			value_put_key(out, TEXT("over"));
			option_encode(out, surface, ask->over, detail);
		}
	}
	value_close(out, object);
}

static void withheld_encode(struct buffer *out, const struct decision *decision)
{
	if (!decision->withheld_n)
		return;
	value_put_key(out, TEXT("withheld"));
	size_t list = value_open(out, VALUE_ARRAY);
	for (size_t i = 0; i < decision->withheld_n; i++)
		value_put_text(out, text_of(decision->withheld[i]));
	value_close(out, list);
}

/* @rest: the hash of the whole; 0 where nothing is left out. */
static void encode(struct buffer *out, const struct decision *decision, const struct detail *detail, uint64_t rest)
{
	const struct surface *surface = decision->surface;
	size_t object = value_open(out, VALUE_OBJECT);
	if (detail->surface) {
		value_put_key(out, TEXT("surface"));
		value_put_text(out, surface->name);
	}
	value_put_key(out, TEXT("at"));
	value_put_int(out, decision->now_ms);
	value_put_key(out, TEXT("guess"));
	value_put_bool(out, decision->guess);
	value_put_key(out, TEXT("why"));
	value_put_text(out, text_whole(text_first((struct text){decision->why, decision->why_n}, detail->why_max)));
	if (decision->resting) {
		value_put_key(out, TEXT("resting"));
		value_put_int(out, decision->resting);
	}
	if (surface->type == SURFACE_USUAL) {
		options_encode(out, decision, detail);
	} else if (surface->type == SURFACE_RECOMMEND) {
		considered_encode(out, &decision->recommendation, detail);
	} else if (surface->type == SURFACE_MENU) {
		menu_encode(out, TEXT("home"), surface, decision->menu.home, decision->menu.home_n, detail);
		menu_encode(out, TEXT("suggestions"), surface, decision->suggestions, decision->suggestions_n, detail);
	}
	if (decision->ask.kind)
		ask_encode(out, decision, detail);
	withheld_encode(out, decision);
	if (rest) {
		value_put_key(out, TEXT("rest"));
		value_put_int(out, (int64_t)rest);
	}
	value_close(out, object);
}

void decision_encode(struct buffer *out, const struct decision *decision)
{
	size_t begun = out->n;
	uint64_t rest = 0;
	for (size_t level = 0; level < DETAILS; level++) {
		encode(out, decision, &details[level], rest);
		if (!out->failed && out->n - begun <= DECISION_BYTES_MAX)
			return;
		if (level == 0) /* The lowest bit is set so that no hash is 0. */
			rest = XXH3_64bits(out->p ? out->p + begun : "", out->n - begun) | 1;
		bool last = level + 1 == DETAILS;
		assert(!last || out->failed);
		if (last)
			return; /* Without memory: the caller sees it. */
		out->n = begun;
		out->failed = false;
	}
}

struct decision_basis decision_basis_of(struct value record)
{
	int64_t resting = 0;
	value_int(value_get(record, TEXT("resting")), &resting);
	return (struct decision_basis){.resting = (uint32_t)resting, .record = record};
}

uint16_t decision_option_of(const struct surface *surface, struct value named)
{
	int64_t mark;
	if (!value_int(named, &mark))
		return surface_option(surface, value_text(named));
	for (uint16_t i = 0; i < surface->menu.options_n; i++)
		if (surface->marks[i] == mark)
			return i;
	return MENU_NONE;
}
