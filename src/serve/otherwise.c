/* otherwise.c: the least that would have changed a decision. */
#include "serve/deciding.h"

#include "base/clock.h"
#include "trust/purpose.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 8, EVENTS_MAX = 2000, MORE_MAX = 16, ARENA_BYTES = 16 * 1024 * 1024 };

/* What a decision put before the customer, as texts. */
struct shown {
	struct text items[DECISION_OPTIONS_MAX + MENU_OPTIONS_MAX];
	size_t n;
};

struct search {
	struct again *again;
	struct otherwise *out;
	struct arena arena;          /* Emptied for each past. */
	const struct surface *surface;
	struct shown was, would;
	int64_t at;
	bool withheld;               /* Something was not read for want of a yes. */
	int error;
};

/* ---- what was shown ---- */

static void item_add(struct shown *shown, struct text item)
{
	if (shown->n < sizeof shown->items / sizeof *shown->items)
		shown->items[shown->n++] = item;
}

static struct text value_words(struct arena *arena, struct value value)
{
	struct buffer out = BUFFER_INIT(4096);
	struct json_writer writer = JSON_WRITER(&out);
	if (value_type_of(value) == VALUE_TEXT)
		return text_copy(arena, value_text(value));
	value_write_json(&writer, value);
	struct text copy = text_copy(arena, buffer_view(&out));
	buffer_free(&out);
	return copy;
}

/* Of a usual choice the first one is what it is about; of a menu and of a recommendation the order. */
static void shown_take(struct shown *shown, const struct decision *decision, struct arena *arena)
{
	const struct surface *surface = decision->surface;
	shown->n = 0;
	if (surface->type == SURFACE_USUAL && decision->options_n)
		item_add(shown, value_words(arena, decision->options[0].value));
	for (size_t i = 0; surface->type == SURFACE_MENU && i < decision->menu.home_n; i++)
		if (decision->menu.home[i] != MENU_NONE)
			item_add(shown, surface->titles[decision->menu.home[i]].n ? surface->titles[decision->menu.home[i]] : surface->options[decision->menu.home[i]]);
	for (size_t i = 0; surface->type == SURFACE_RECOMMEND && i < decision->recommendation.shown_n; i++)
		item_add(shown, decision->recommendation.shown[i].input.product->title);
}

static struct text item_at(const struct shown *shown, size_t i)
{
	return i < shown->n ? shown->items[i] : (struct text){"", 0};
}

/* The first place at which they differ, from 1; 0: they do not. */
static size_t difference(const struct shown *a, const struct shown *b)
{
	for (size_t i = 0; i < a->n || i < b->n; i++)
		if (i >= a->n || i >= b->n || !text_equal(a->items[i], b->items[i]))
			return i + 1;
	return 0;
}

/* ---- trying pasts ---- */

/* Would the decision have been another? What it would have been is left in search->would. */
static bool changes(struct search *search, const struct imagined *imagined)
{
	struct decision *decision;
	arena_reset(&search->arena);
	decision = arena_alloc(&search->arena, sizeof *decision);
	if (search->error || !decision)
		return false;
	search->error = again_decide(search->again, imagined, &search->arena, decision, NULL);
	search->out->tried++;
	if (search->error)
		return false;
	shown_take(&search->would, decision, &search->arena);
	return difference(&search->was, &search->would) != 0;
}

/* The least of 1 .. @most with which @imagine changes the decision, when @most does: it is halved towards there. */
static size_t least(struct search *search, size_t most, const struct imagined *(*imagine)(void *arg, size_t n), void *arg)
{
	size_t low = 0, high = most;
	if (!changes(search, imagine(arg, most)))
		return 0;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (changes(search, imagine(arg, middle)))
			high = middle;
		else
			low = middle;
	}
	return changes(search, imagine(arg, high)) ? high : 0; /* So that "would" is of that one. */
}

struct candidate {
	struct text name;
	const struct event *newest;
	uint64_t positions[EVENTS_MAX]; /* Newest first. */
	size_t n;
	int64_t at;
	struct imagined imagined;
};

static const struct imagined *without_newest(void *arg, size_t n)
{
	struct candidate *candidate = arg;
	candidate->imagined = (struct imagined){.without = candidate->positions, .without_n = n};
	return &candidate->imagined;
}

static const struct imagined *come_more(void *arg, size_t n)
{
	struct candidate *candidate = arg;
	candidate->imagined = (struct imagined){.again = candidate->newest, .again_n = n, .again_ms = candidate->at};
	return &candidate->imagined;
}

/* ---- what is tried ---- */

static bool may_teach(const struct search *search, const struct event *event)
{
	static const uint32_t kinds = EVENT_KIND_BIT(EVENT_TRACK) | EVENT_KIND_BIT(EVENT_PAGE) | EVENT_KIND_BIT(EVENT_SCREEN);
	return (kinds & EVENT_KIND_BIT(event->header.kind)) && event->name.n && (event->header.purposes & search->surface->purpose);
}

/* The names of what could have been learned from, the one seen last first. */
static size_t candidates_find(struct search *search, struct candidate *candidates)
{
	const struct event *event;
	size_t n = 0;
	for (size_t i = 0; (event = past_event(search->again->past, i)); i++) {
		size_t c = 0;
		if (!may_teach(search, event))
			continue;
		while (c < n && !text_equal(candidates[c].name, event->name))
			c++;
		if (c == n && n == NAMES_MAX)
			continue;
		if (c == n) {
			candidates[n].name = event->name;
			candidates[n].newest = event;
			candidates[n].n = 0;
			candidates[n++].at = search->at;
		}
		if (candidates[c].n < EVENTS_MAX)
			candidates[c].positions[candidates[c].n++] = event->position;
	}
	return n;
}

static struct text purpose_title(const struct search *search)
{
	const struct purpose *purpose = purpose_find(search->again->config, search->surface->purpose_name);
	return purpose ? purpose->title : search->surface->purpose_name;
}

static void say(struct search *search)
{
	struct otherwise *out = search->out;
	char day[CLOCK_TEXT_BYTES], what[200], instead[300];
	struct text name = out->newest ? text_cut(out->newest->name, 100) : (struct text){0};
	if (out->newest)
		clock_format(day, out->newest->header.time_ms);
	if (out->agreed)
		snprintf(what, sizeof what, "With a yes to “%.*s”", TEXT_ARGS(text_cut(purpose_title(search), 100)));
	else if (out->more)
		snprintf(what, sizeof what, "Had “%.*s” of %.10s come %zu %s more, a week apart", TEXT_ARGS(name), day, out->n, out->n == 1 ? "time" : "times");
	else if (out->n == 1)
		snprintf(what, sizeof what, "Without “%.*s” of %.10s", TEXT_ARGS(name), day);
	else
		snprintf(what, sizeof what, "Without the last %zu “%.*s”, the newest of %.10s", out->n, TEXT_ARGS(name), day);
	struct text would = text_cut(out->would, 100), was = text_cut(out->was, 100);
	if (!was.n)
		snprintf(instead, sizeof instead, "“%.*s” would have been there, too", TEXT_ARGS(would));
	else if (!would.n)
		snprintf(instead, sizeof instead, "“%.*s” would not have been there", TEXT_ARGS(was));
	else
		snprintf(instead, sizeof instead, "%s would have stood “%.*s”, not “%.*s”", out->place == 1 ? "first" : "further down", TEXT_ARGS(would), TEXT_ARGS(was));
	snprintf(out->sentence, sizeof out->sentence, "%s, %s.", what, instead);
}

/* It changed: say what. */
static void take(struct search *search)
{
	struct otherwise *out = search->out;
	out->found = true;
	out->place = difference(&search->was, &search->would);
	out->was = item_at(&search->was, out->place - 1);
	out->would = text_copy(search->again->request->arena, item_at(&search->would, out->place - 1));
	say(search);
}

static void candidate_try(struct search *search, struct candidate *candidate, bool more)
{
	size_t n = more ? least(search, MORE_MAX, come_more, candidate) : least(search, candidate->n, without_newest, candidate);
	if (!n || search->error)
		return;
	search->out->more = more;
	search->out->n = n;
	search->out->newest = candidate->newest;
	take(search);
}

/* A yes would have let what was learned be read. */
static void yes_try(struct search *search)
{
	search->again->agreed = true;
	if (changes(search, NULL)) {
		search->out->agreed = true;
		take(search);
	}
	search->again->agreed = false;
}

static void search_run(struct search *search)
{
	struct candidate *candidates = memory_zero_alloc(NAMES_MAX, sizeof *candidates);
	if (!candidates) {
		search->error = ERROR_MEMORY;
		return;
	}
	size_t n = candidates_find(search, candidates);
	if (search->withheld)
		yes_try(search);
	for (size_t i = 0; i < 2 * n && !search->out->found && !search->error; i++)
		candidate_try(search, &candidates[i % n], i >= n);
	memory_free(candidates);
}

int otherwise_find(struct otherwise *out, struct again *again)
{
	struct search search = {.again = again, .out = out, .surface = surface_find(again->config, again->record->name)};
	struct decision *decision = arena_alloc(again->request->arena, sizeof *decision);
	*out = (struct otherwise){0};
	if (!decision || !search.surface || !value_int(value_get(again->record->payload, TEXT("at")), &search.at))
		return decision ? ERROR_NOT_FOUND : ERROR_MEMORY;
	arena_init(&search.arena, ARENA_BYTES);
	int error = again_decide(again, NULL, again->request->arena, decision, NULL);
	if (!error) {
		shown_take(&search.was, decision, again->request->arena);
		search.withheld = decision->no_consent;
		search_run(&search);
	}
	arena_free(&search.arena);
	return error ? error : search.error;
}
