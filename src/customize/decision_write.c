/* decision_write.c: a decision as an answer. */
#include "customize/decision.h"

#include "base/clock.h"
#include "customize/question_ask.h"

#include <stdio.h>

static void option_write(struct json_writer *writer, const struct surface *surface, uint16_t option, bool pinned)
{
	json_object_begin(writer);
	json_put_text(writer, "option", surface->options[option]);
	json_put_text(writer, "title", surface->titles[option]);
	if (pinned)
		json_put_bool(writer, "pinned", true);
}

static void announce_write(struct json_writer *writer, const struct decision *decision)
{
	json_key(writer, TEXT("announce"));
	json_array_begin(writer);
	for (size_t i = 0; i < decision->moved_n; i++) {
		char text[200], undo[24];
		struct text title = decision->surface->titles[decision->moved[i].option];
		int n = snprintf(text, sizeof text, "%.*s, never used, has moved to More.", TEXT_ARGS(title));
		json_object_begin(writer);
		json_put_text(writer, "option", decision->surface->options[decision->moved[i].option]);
		json_put_text(writer, "text", ((struct text){text, (size_t)n}));
		snprintf(undo, sizeof undo, "u%llx", (unsigned long long)decision->moved[i].position);
		json_put_text(writer, "undo", text_of(undo));
		json_object_end(writer);
	}
	json_array_end(writer);
}

static void menu_write(struct json_writer *writer, const struct decision *decision)
{
	static const char *const modes[] = {"ask", "no", "ask", "do"};
	const struct surface *surface = decision->surface;
	json_key(writer, TEXT("menu"));
	json_object_begin(writer);
	json_put_text(writer, "mode", text_of(modes[decision->menu.mode & 3]));
	json_put_bool(writer, "mode_chosen", decision->menu.mode != MENU_UNASKED);
	json_key(writer, TEXT("home"));
	json_array_begin(writer);
	for (size_t i = 0; i < decision->menu.home_n; i++)
		if (decision->menu.home[i] != MENU_NONE) {
			option_write(writer, surface, decision->menu.home[i], decision->menu.pinned >> i & 1);
			json_object_end(writer);
		}
	json_array_end(writer);
	json_key(writer, TEXT("more"));
	json_array_begin(writer);
	for (size_t i = 0; i < decision->menu.more_n; i++) {
		option_write(writer, surface, decision->menu.more[i], false);
		for (size_t m = 0; m < decision->moved_n; m++)
			if (decision->moved[m].option == decision->menu.more[i])
				json_put_time(writer, "moved", decision->moved[m].time_ms);
		json_object_end(writer);
	}
	json_array_end(writer);
	json_key(writer, TEXT("suggestions"));
	json_array_begin(writer);
	for (size_t i = 0; i < decision->suggestions_n; i++)
		json_write_text(writer, surface->options[decision->suggestions[i]]);
	json_array_end(writer);
	announce_write(writer, decision);
	json_object_end(writer);
}

static void product_write(struct json_writer *writer, const struct recommend_item *item)
{
	const struct product *product = item->input.product;
	json_put_text(writer, "title", product->title);
	json_put_double(writer, "price", (double)product->price_minor / 100);
	json_put_text(writer, "currency", product->currency);
	if (product->lead_ms)
		json_put_int(writer, "lead_days", (product->lead_ms + MS_A_DAY - 1) / MS_A_DAY);
	if (product->attributes.n) {
		json_key(writer, TEXT("attributes"));
		value_write_json(writer, product->attributes);
	}
	json_put_text(writer, "why", ((struct text){item->why, item->why_n}));
}

static void recommended_write(struct json_writer *writer, const struct recommendation *recommendation)
{
	for (size_t i = 0; i < recommendation->shown_n; i++) {
		const struct recommend_item *item = &recommendation->shown[i];
		json_object_begin(writer);
		json_put_text(writer, "value", item->input.product->name);
		product_write(writer, item);
		json_put_bool(writer, "learned", item->input.taught || item->comes_back);
		if (item->comes_back)
			json_put_int(writer, "due_days", item->due_days);
		json_object_end(writer);
	}
}

/* What the customer has, and why it is therefore not offered. */
static void away_write(struct json_writer *writer, const struct recommendation *recommendation)
{
	for (size_t i = 0; i < recommendation->withheld_n; i++) {
		const struct recommend_item *item = &recommendation->withheld[i];
		json_object_begin(writer);
		json_put_text(writer, "what", item->input.product->title);
		json_put_text(writer, "product", item->input.product->name);
		json_put_text(writer, "reason", text_of(recommend_verdict_name(item->verdict)));
		json_put_text(writer, "why", ((struct text){item->why, item->why_n}));
		json_put_time(writer, "until", item->until_ms);
		json_object_end(writer);
	}
}

static void ask_write(struct json_writer *writer, const struct decision *decision, uint64_t position)
{
	const struct decision_ask *ask = &decision->ask;
	char id[24];
	json_key(writer, TEXT("ask"));
	if (!ask->kind) {
		json_write_null(writer);
		return;
	}
	snprintf(id, sizeof id, "s%llx", (unsigned long long)position);
	json_object_begin(writer);
	json_put_text(writer, "suggestion", text_of(id));
	if (ask->kind == SUGGESTION_QUESTION) {
		json_put_text(writer, "kind", TEXT("question"));
		json_put_text(writer, "text", ((struct text){ask->text, ask->text_n}));
		question_write(writer, ask->question);
		json_object_end(writer);
		return;
	}
	json_put_text(writer, "kind", ask->kind == SUGGESTION_CONSENT ? TEXT("consent") : ask->kind == SUGGESTION_PROMOTE ? TEXT("promote") : TEXT("demote"));
	json_put_text(writer, "text", ((struct text){ask->text, ask->text_n}));
	if (ask->kind == SUGGESTION_CONSENT)
		json_put_text(writer, "purpose", decision->surface->purpose_name);
	if (ask->language.n)
		json_put_text(writer, "language", ask->language);
	if (ask->kind != SUGGESTION_CONSENT)
		json_put_text(writer, "option", decision->surface->options[ask->option]);
	json_key(writer, TEXT("answers"));
	json_write_raw(writer, ask->kind == SUGGESTION_CONSENT ? TEXT("[\"yes\",\"no\"]") : TEXT("[\"yes\",\"no\",\"never\"]"));
	json_object_end(writer);
}

static void preferences_write(struct json_writer *writer, const struct surface *surface, struct text preferences)
{
	json_key(writer, TEXT("preferences"));
	json_object_begin(writer);
	for (size_t i = 0; i < surface->stated_n; i++) {
		struct value stated = preference_get(preferences, surface->stated[i].preference);
		if (value_type_of(stated) <= VALUE_NULL)
			continue;
		json_key(writer, surface->stated[i].preference);
		value_write_json(writer, stated);
	}
	json_object_end(writer);
}

void decision_write(struct json_writer *writer, const struct decision *decision, struct text stated_preferences, uint64_t position)
{
	const struct surface *surface = decision->surface;
	json_put_text(writer, "surface", surface->name);
	json_put_text(writer, "type", text_of(surface_type_name(surface->type)));
	json_put_bool(writer, "guess", decision->guess);
	json_key(writer, TEXT("options"));
	json_array_begin(writer);
	for (size_t i = 0; i < decision->options_n; i++) {
		const struct decision_option *option = &decision->options[i];
		json_object_begin(writer);
		json_key(writer, TEXT("value"));
		value_write_json(writer, option->value);
		if (option->with.n) {
			json_key(writer, TEXT("with"));
			value_write_json(writer, option->with);
		}
		if (option->source == DECISION_LEARNED)
			json_put_bool(writer, "usual", true);
		if (option->source == DECISION_STATED)
			json_put_bool(writer, "stated", true);
		json_object_end(writer);
	}
	recommended_write(writer, &decision->recommendation);
	json_array_end(writer);
	if (surface->type == SURFACE_MENU)
		menu_write(writer, decision);
	json_put_text(writer, "why", ((struct text){decision->why, decision->why_n}));
	ask_write(writer, decision, position);
	json_key(writer, TEXT("accessibility"));
	accessibility_write(writer, decision->accessibility);
	preferences_write(writer, surface, stated_preferences);
	json_key(writer, TEXT("withheld"));
	json_array_begin(writer);
	for (size_t i = 0; i < decision->withheld_n; i++) {
		json_object_begin(writer);
		json_put_text(writer, "what", text_of(decision->withheld[i]));
		json_put_text(writer, "reason", TEXT("no consent"));
		json_object_end(writer);
	}
	away_write(writer, &decision->recommendation);
	json_array_end(writer);
}
