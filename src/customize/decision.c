/* decision.c: deciding. */
#include "customize/decision.h"

#include "base/clock.h"
#include "customize/habit.h"
#include "customize/language.h"
#include "customize/question_ask.h"
#include "identify/trait.h"
#include "trust/consent.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const weekdays[] = {"Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"};
static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
                                     "October", "November", "December"};

/* ---- values ---- */

/* The value of canonical JSON, made in the arena. */
static struct value value_of_json(struct arena *arena, struct text json)
{
	struct json_parser *parser = json_parser_new(4096, 16); /* Not kept: making one costs less than a quarter of a µs. */
	struct json root;
	struct buffer out = BUFFER_INIT(4096);
	struct value value = {0};
	if (parser && json.n && json_parse(parser, json, &root) == 0 && value_put_json(&out, root, 8) == 0) {
		struct text copy = text_copy(arena, buffer_view(&out));
		if (copy.p)
			value = (struct value){(const uint8_t *)copy.p, copy.n};
	}
	json_parser_free(parser);
	buffer_free(&out);
	return value;
}

static struct value value_take(struct arena *arena, struct buffer *out)
{
	struct text copy = out->failed ? (struct text){0} : text_copy(arena, buffer_view(out));
	buffer_free(out);
	return copy.p ? (struct value){(const uint8_t *)copy.p, copy.n} : (struct value){0};
}

/* The preference that rules @field on this surface, absent when nothing is stated. */
static struct value stated_for(const struct surface *surface, struct text preferences, struct text field)
{
	for (size_t i = 0; i < surface->stated_n; i++)
		if (text_equal(surface->stated[i].field, field))
			return preference_get(preferences, surface->stated[i].preference);
	return (struct value){0};
}

enum { PIECES_MAX = 60, KINDS_MAX = 16 };

/* Put @total together from the kinds in @allowed, the largest first: 80 in twenties. False when it does not come out. */
static bool compose(struct buffer *out, double total, struct value allowed)
{
	double kinds[KINDS_MAX], rest = total;
	struct value_cursor cursor = {0};
	struct value item;
	size_t n = 0, pieces = 0;
	while (n < KINDS_MAX && value_next_item(&cursor, allowed, &item))
		n += value_double(item, &kinds[n]) && kinds[n] > 0;
	size_t list = value_open(out, VALUE_ARRAY);
	while (rest > 0 && pieces < PIECES_MAX) {
		size_t best = n;
		for (size_t i = 0; i < n; i++)
			if (kinds[i] <= rest && (best == n || kinds[i] > kinds[best]))
				best = i;
		if (best == n)
			break;
		value_put_double(out, kinds[best]);
		rest -= kinds[best];
		pieces++;
	}
	value_close(out, list);
	return n > 0 && rest == 0 && pieces > 0;
}

/* The companions as an object by name, the stated kinds taking the place of the learned ones. */
static struct value companions(struct arena *arena, const struct surface *surface, struct value value, struct value learned,
                               struct text preferences, bool *stated)
{
	struct buffer out = BUFFER_INIT(4096);
	struct value_cursor cursor = {0};
	double total;
	bool any = false;
	size_t object = value_open(&out, VALUE_OBJECT);
	for (size_t i = 0; i < surface->with_n; i++) {
		struct value item = {0}, ruled = stated_for(surface, preferences, surface->with[i]);
		struct buffer composed = BUFFER_INIT(1024);
		if (surface->with_n == 1)
			item = learned;
		else
			value_next_item(&cursor, learned, &item);
		if (value_type_of(ruled) == VALUE_ARRAY && value_double(value, &total) && compose(&composed, total, ruled)) {
			item = value_take(arena, &composed);
			*stated = true;
		} else if (value_type_of(ruled) > VALUE_NULL && value_type_of(ruled) != VALUE_ARRAY) {
			item = ruled;
			*stated = true;
		}
		buffer_free(&composed);
		if (value_type_of(item) <= VALUE_NULL)
			continue;
		value_put_key(&out, surface->with[i]);
		value_put(&out, item);
		any = true;
	}
	value_close(&out, object);
	if (any)
		return value_take(arena, &out);
	buffer_free(&out);
	return (struct value){0};
}

/* ---- sentences ---- */

static void why_add(struct decision *decision, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void why_add(struct decision *decision, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(decision->why + decision->why_n, sizeof decision->why - decision->why_n, format, args);
	va_end(args);
	if (n > 0)
		decision->why_n += (size_t)n < sizeof decision->why - decision->why_n ? (size_t)n : sizeof decision->why - decision->why_n - 1;
	decision->why_n = text_whole((struct text){decision->why, decision->why_n}).n;
}

static void why_agreed(struct decision *decision, struct reader *reader)
{
	const struct purpose *purpose = purpose_of_mask(reader->config, decision->surface->purpose);
	struct consent_state last;
	struct text state = reader_state(reader, &consent_fold);
	if (!purpose || !consent_last(state, purpose, decision->now_ms, &last))
		return;
	struct clock_parts day = clock_parts_of(last.time_ms);
	why_add(decision, "; used because you agreed on %d %s", day.day, months[day.month - 1]);
	if (decision->now_ms - last.time_ms > (int64_t)300 * MS_A_DAY)
		why_add(decision, " %d", day.year);
	why_add(decision, ".");
}

/* Why nothing that was learned is used. */
static const char *why_generic(const struct decision *decision)
{
	return decision->restricted ? "you have restricted the use of your data" : "you have not agreed to be remembered";
}

static void usual_sentence(struct decision *decision, struct reader *reader, const struct usual_guess *guess)
{
	const struct surface *surface = decision->surface;
	struct clock_parts now = clock_parts_of(decision->now_ms);
	struct text value = guess->choices[0].value;
	why_add(decision, "You %.*s %.*s", TEXT_ARGS(surface->verb), TEXT_ARGS(value));
	if (guess->slot == USUAL_WEEKDAY)
		why_add(decision, " on %u of the last %u %s", guess->slot_hits, guess->slot_trials, weekdays[now.weekday]);
	else if (guess->slot == USUAL_DAY_OF_MONTH)
		why_add(decision, " %u of the last %u times around this day of the month", guess->slot_hits, guess->slot_trials);
	else
		why_add(decision, " %u of the last %u times", guess->slot_hits, guess->slot_trials);
	decision->slot = guess->slot;
	why_agreed(decision, reader);
}

/* ---- the usual choice ---- */

static void option_add(struct decision *decision, struct value value, struct value with, enum decision_source source)
{
	for (size_t i = 0; i < decision->options_n; i++) {
		double a, b;
		bool same = value_equal(decision->options[i].value, value) ||
		            (value_double(decision->options[i].value, &a) && value_double(value, &b) && a == b);
		if (same)
			return;
	}
	if (decision->options_n < DECISION_OPTIONS_MAX && value.n)
		decision->options[decision->options_n++] = (struct decision_option){value, with, source};
}

static void decide_usual(struct decision *decision, struct reader *reader, struct text preferences)
{
	_Alignas(16) uint8_t room[USUAL_BYTES_MAX];
	const struct surface *surface = decision->surface;
	const struct usual *usual = habit_of(reader_state(reader, &habit_fold), surface, room);
	struct value stated = stated_for(surface, preferences, surface->field), none = {0};
	bool with_stated = false;
	if (value_type_of(stated) > VALUE_NULL) {
		option_add(decision, stated, companions(reader->arena, surface, stated, none, preferences, &with_stated), DECISION_STATED);
		why_add(decision, "You said so yourself.");
	} else if (usual) {
		struct usual_guess guess;
		struct usual_context now = habit_context(decision->now_ms);
		usual_guess(usual, &usual_pace_default, &now, &guess);
		struct value value = guess.has_guess ? value_of_json(reader->arena, guess.choices[0].value) : none;
		if (value.n) {
			struct value learned = value_of_json(reader->arena, guess.choices[0].with);
			decision->guess = true;
			option_add(decision, value, companions(reader->arena, surface, value, learned, preferences, &with_stated), DECISION_LEARNED);
			usual_sentence(decision, reader, &guess);
			if (with_stated)
				why_add(decision, " %s", "The rest is as you asked for it.");
		}
	}
	for (size_t i = 0; i < surface->standard_n; i++) {
		struct value standard = surface->standard[i];
		option_add(decision, standard, companions(reader->arena, surface, standard, none, preferences, &with_stated), DECISION_STANDARD);
	}
	if (decision->why_n == 0)
		why_add(decision, "The standard choices: %s.", decision->no_consent ? why_generic(decision) : "there is no habit to go by");
}

/* ---- the menu ---- */

static void menu_suggest(struct decision *decision, const struct layout *layout)
{
	const struct surface *surface = decision->surface;
	double scores[MENU_OPTIONS_MAX];
	next_score(&layout->next, &next_pace_default, scores, surface->menu.options_n);
	decision->suggestions_n = next_best(scores, surface->menu.options_n, NULL, decision->suggestions, DECISION_SUGGESTIONS);
}

static void promote_text(struct decision_ask *ask, const struct surface *surface)
{
	struct text title = surface->titles[ask->option];
	int n = ask->kind == SUGGESTION_PROMOTE
	            ? snprintf(ask->text, sizeof ask->text, "You use %.*s often. Move it to home?", TEXT_ARGS(title))
	            : snprintf(ask->text, sizeof ask->text, "You never use %.*s. Move it to More?", TEXT_ARGS(title));
	ask->text_n = text_whole((struct text){ask->text, (size_t)n < sizeof ask->text ? (size_t)n : sizeof ask->text - 1}).n;
}

static struct menu_op op_of(const struct menu_proposal *proposal, int64_t now_ms)
{
	return (struct menu_op){.kind = proposal->move == MENU_MOVE_PROMOTE ? MENU_OP_PROMOTE : MENU_OP_DEMOTE, .time_ms = now_ms,
	                        .option = proposal->option, .over = proposal->over};
}

static void menu_ask(struct decision *decision, struct reader *reader, const struct layout *layout)
{
	const struct surface *surface = decision->surface;
	struct menu_proposal proposal;
	struct buffer sentence = {.p = decision->why, .capacity = sizeof decision->why, .bytes_max = sizeof decision->why - 1};
	if (decision->accessibility.stable_layout ||
	    !menu_propose(&layout->menu, &surface->menu, &menu_pace_days, decision->now_ms, &proposal))
		return;
	enum suggestion_kind kind = proposal.move == MENU_MOVE_PROMOTE ? SUGGESTION_PROMOTE : SUGGESTION_DEMOTE;
	if (layout->menu.mode == MENU_DO) {
		decision->automatic = op_of(&proposal, decision->now_ms);
		decision->has_automatic = true;
		return;
	}
	if (!suggestion_may_ask(reader_state(reader, &suggestion_fold), surface->mark, kind, decision->now_ms))
		return;
	decision->ask = (struct decision_ask){.kind = kind, .option = proposal.option, .over = proposal.over};
	promote_text(&decision->ask, surface);
	menu_sentence(&sentence, &proposal, &menu_pace_days, surface->titles);
	decision->why_n = sentence.failed ? 0 : sentence.n;
}

static bool is_in_more(const struct menu_layout *menu, uint16_t option)
{
	for (size_t i = 0; i < menu->more_n; i++)
		if (menu->more[i] == option)
			return true;
	return false;
}

/* What has moved to More lately is announced, with the way back. */
static void menu_moved(struct decision *decision, struct reader *reader)
{
	struct text state = reader_state(reader, &moved_fold);
	struct layout_moved moved;
	for (size_t at = 0; decision->moved_n < 4 && moved_next(state, decision->surface, &at, &moved);)
		if (decision->now_ms - moved.time_ms < (int64_t)ANNOUNCE_DAYS * MS_A_DAY && is_in_more(&decision->menu, moved.option))
			decision->moved[decision->moved_n++] = moved;
}

static void decide_menu(struct decision *decision, struct reader *reader)
{
	struct layout *layout = arena_alloc(reader->arena, sizeof *layout);
	const struct surface *surface = decision->surface;
	bool may = reader_may(reader);
	struct text state = reader_state(reader, &menu_fold);
	if (!layout)
		return;
	layout_of(layout, may ? state : reader_state(reader, &layout_fold), surface);
	if (may) {
		menu_ask(decision, reader, layout);
		menu_suggest(decision, layout);
		decision->guess = decision->suggestions_n > 0;
	}
	if (decision->has_automatic && menu_apply_op(&layout->menu, &surface->menu, &menu_pace_days, &decision->automatic) != 0)
		decision->has_automatic = false;
	menu_layout_of(&decision->menu, &layout->menu, &surface->menu);
	menu_moved(decision, reader);
	if (decision->why_n == 0 && may)
		why_add(decision, "Your menu, as you left it.");
	else if (decision->why_n == 0)
		why_add(decision, "The menu as you or the company set it up: %s.", why_generic(decision));
}

/* ---- the recommendation ---- */

/* The inputs that a record holds: what was shown, what was withheld and the next few. */
static size_t inputs_recorded(struct recommend_input *inputs, const struct products *products, struct value record)
{
	struct value_cursor cursor = {0};
	struct value item;
	size_t n = 0;
	int64_t packed;
	while (n < products->n && value_next_item(&cursor, value_get(record, TEXT("considered")), &item))
		n += value_int(item, &packed) && recommend_unpack(&inputs[n], products, (uint64_t)packed);
	return n;
}

static int decide_recommend(struct decision *decision, struct reader *reader, const struct decision_basis *basis)
{
	const struct surface *surface = decision->surface;
	const struct products *products = products_of(reader->config);
	struct recommend_question question = {
		.products = products, .slots = surface->slots, .now_ms = decision->now_ms, .agreed = !decision->no_consent,
		.purchases = reader_state(reader, &purchase_fold)};
	struct recommend_input *inputs = arena_alloc(reader->arena, (products->n + 1) * sizeof *inputs);
	struct recommend_scope scope = {surface->categories, surface->categories_n};
	if (!inputs)
		return ERROR_MEMORY;
	question.inputs = inputs;
	if (basis && basis->record.n)
		question.inputs_n = inputs_recorded(inputs, products, basis->record);
	else
		question.inputs_n = recommend_inputs(inputs, products, &scope, basis ? basis->model : NULL, question.purchases, question.agreed);
	int error = recommend(&decision->recommendation, reader->arena, &question);
	for (size_t i = 0; i < decision->recommendation.shown_n && question.agreed; i++)
		decision->guess |= decision->recommendation.shown[i].input.taught || decision->recommendation.shown[i].comes_back;
	if (decision->guess)
		why_add(decision, "What you use up, when it is due, and what goes with what you bought"), why_agreed(decision, reader);
	else if (question.agreed)
		why_add(decision, "What many customers choose, without what you have.");
	else
		why_add(decision, "What many customers choose, without what you have: %s.", why_generic(decision));
	return error;
}

/* ---- together ---- */

/* The question in the customer's language: its own words, else title and text of the purpose, whole or not at all. */
static void consent_translate(struct decision *decision, struct reader *reader)
{
	const struct surface *surface = decision->surface;
	const struct purpose *purpose = purpose_of_mask(reader->config, surface->purpose);
	struct decision_ask *ask = &decision->ask;
	if (!surface->asks.n && !(purpose && purpose->texts.n))
		return;
	struct text language, stated = language_stated(reader_state(reader, &preference_fold), reader_state(reader, &trait_fold));
	struct text own = value_text(language_of(surface->asks, stated, &language));
	if (stated.n && own.n && own.n < sizeof ask->text) {
		memcpy(ask->text, own.p, own.n);
		ask->text_n = own.n;
		ask->language = language;
	} else if (stated.n && !own.n && purpose && language_of(purpose->texts, stated, &language).n) {
		struct purpose_words words = purpose_words_in(purpose, stated);
		if (words.title.n + words.text.n + 2 >= sizeof ask->text)
			return;
		ask->text_n = (size_t)snprintf(ask->text, sizeof ask->text, "%.*s: %.*s", TEXT_ARGS(words.title), TEXT_ARGS(words.text));
		ask->language = words.language;
	}
}

/* One question, unticked, where consent is missing: at most until it has been answered. */
static void consent_ask(struct decision *decision, struct reader *reader)
{
	const struct surface *surface = decision->surface;
	if (surface->type != SURFACE_USUAL || reader->restricted ||
	    !suggestion_may_ask(reader_state(reader, &suggestion_fold), surface->mark, SUGGESTION_CONSENT, decision->now_ms))
		return;
	decision->ask.kind = SUGGESTION_CONSENT;
	struct text text = text_cut(surface->ask, sizeof decision->ask.text);
	memcpy(decision->ask.text, text.p, text.n);
	decision->ask.text_n = text.n;
	consent_translate(decision, reader);
}

int decide(struct decision *decision, struct reader *reader, const struct surface *surface, int64_t now_ms,
           const struct decision_basis *basis)
{
	int error = 0;
	*decision = (struct decision){.surface = surface, .now_ms = now_ms};
	struct text preferences = reader_state(reader, &preference_fold);
	decision->accessibility = preference_accessibility(preferences);
	decision->no_consent = !reader_may(reader);
	decision->restricted = reader->restricted;
	if (surface->type == SURFACE_USUAL)
		decide_usual(decision, reader, preferences);
	else if (surface->type == SURFACE_QUESTION)
		question_ask(decision, reader, basis ? basis->resting : 0);
	else if (surface->type == SURFACE_MENU)
		decide_menu(decision, reader);
	else
		error = decide_recommend(decision, reader, basis);
	if (decision->no_consent)
		consent_ask(decision, reader);
	memcpy(decision->withheld, reader->withheld, sizeof reader->withheld);
	decision->withheld_n = reader->withheld_n;
	return error;
}
