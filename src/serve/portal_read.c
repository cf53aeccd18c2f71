/* portal_read.c: gathering what the page shows. */
#include "serve/portal.h"

#include "base/clock.h"
#include "customize/decision.h"
#include "identify/trait.h"
#include "interact/matter.h"
#include "serve/buying_models.h"
#include "trust/consent.h"
#include "trust/rights_request.h"

#include <stdio.h>

enum { GUESS_DAYS = 31, UNDONE_MAX = 1000, HABITS_A_SURFACE_MAX = 3 };

static void states_read(struct portal *portal, struct reader *reader)
{
	portal->identifiers = reader_state(reader, &identifier_fold);
	portal->traits = reader_state(reader, &trait_fold);
	portal->preferences = reader_state(reader, &preference_fold);
	portal->consents = reader_state(reader, &consent_fold);
	portal->matters = reader_state(reader, &matter_fold);
	portal->moved = reader_state(reader, &moved_fold);
	portal->rights = reader_state(reader, &rights_fold);
	portal->accessibility = preference_accessibility(portal->preferences);
	languages_read(&portal->languages, language_stated(portal->preferences, portal->traits), http_header_of(portal->request->http, "Accept-Language"));
	portal->name = trait_display_name(portal->traits, portal->request->arena);
}

static bool is_known_guess(const struct portal *portal, const struct surface *surface, const struct decision *decision)
{
	size_t of_surface = 0;
	for (size_t i = 0; i < portal->guesses_n; i++) {
		of_surface += portal->guesses[i].surface == surface;
		if (portal->guesses[i].surface == surface && text_equal(portal->guesses[i].text, (struct text){decision->why, decision->why_n}))
			return true;
	}
	return of_surface == HABITS_A_SURFACE_MAX || portal->guesses_n == PORTAL_GUESSES_MAX;
}

static struct value value_copy(struct portal *portal, struct value value)
{
	struct text copy = text_copy(portal->request->arena, (struct text){(const char *)value.p, value.n});
	return (struct value){(const void *)copy.p, copy.p ? copy.n : 0};
}

/* A habit of Fridays is known on Mondays too: look at each day of the coming month. */
static void habit_read(struct portal *portal, struct reader *reader, const struct surface *surface, struct decision *decision)
{
	for (int day = 0; day < GUESS_DAYS; day++) {
		int64_t then_ms = portal->request->now_ms + (int64_t)day * MS_A_DAY;
		if (decide(decision, reader, surface, then_ms, NULL) != 0 || !decision->guess || is_known_guess(portal, surface, decision))
			continue;
		struct text text = text_copy(portal->request->arena, (struct text){decision->why, decision->why_n});
		if (text.p)
			portal->guesses[portal->guesses_n++] = (struct portal_guess){surface, text, value_copy(portal, decision->options[0].value)};
	}
}

/* What the customer will probably open next. */
static void next_read(struct portal *portal, const struct surface *surface, const struct decision *decision)
{
	char bytes[DECISION_WHY_BYTES];
	struct buffer text = {.p = bytes, .capacity = sizeof bytes, .bytes_max = sizeof bytes};
	if (decision->suggestions_n == 0 || portal->guesses_n == PORTAL_GUESSES_MAX)
		return;
	buffer_string(&text, "You will probably open ");
	for (size_t i = 0; i < decision->suggestions_n; i++) {
		buffer_string(&text, i == 0 ? "" : i + 1 == decision->suggestions_n ? " or " : ", ");
		buffer_text(&text, surface->titles[decision->suggestions[i]]);
	}
	buffer_string(&text, " next.");
	struct text copy = text.failed ? (struct text){0} : text_copy(portal->request->arena, buffer_view(&text));
	if (copy.p)
		portal->guesses[portal->guesses_n++] = (struct portal_guess){.surface = surface, .text = copy};
}

/* What the customer is thought to have used up soon. */
static void due_read(struct portal *portal, struct reader *reader, const struct surface *surface, struct decision *decision)
{
	const struct decision_basis basis = {.model = buying_models_get(portal->request->server->buying)};
	if (decide(decision, reader, surface, portal->request->now_ms, &basis) != 0)
		return;
	for (size_t i = 0; i < decision->recommendation.shown_n && portal->guesses_n < PORTAL_GUESSES_MAX; i++) {
		const struct recommend_item *item = &decision->recommendation.shown[i];
		char bytes[RECOMMEND_WHY_BYTES + 128];
		if (!item->comes_back)
			continue;
		int n = snprintf(bytes, sizeof bytes, "%.*s: %.*s", TEXT_ARGS(text_cut(item->input.product->title, 100)), (int)item->why_n, item->why);
		struct text copy = text_copy(portal->request->arena, (struct text){bytes, (size_t)n});
		bool is_there = !copy.p;
		for (size_t g = 0; g < portal->guesses_n; g++)
			is_there |= text_equal(portal->guesses[g].text, copy); /* Two surfaces guess alike. */
		if (!is_there)
			portal->guesses[portal->guesses_n++] = (struct portal_guess){.surface = surface, .text = copy};
	}
}

static int surface_read(struct portal *portal, struct customer *customer, const struct surface *surface, struct decision *decision)
{
	struct reader reader;
	struct layout *layout = arena_alloc(portal->request->arena, sizeof *layout);
	int error = reader_open(&reader, portal->request->server->engine, customer, portal->request->arena, surface->purpose, portal->request->now_ms);
	if (error || !layout)
		return error ? error : ERROR_MEMORY;
	if (surface->type == SURFACE_QUESTION)
		return 0; /* Looking ahead is not asking. */
	if (surface->type == SURFACE_USUAL) {
		if (reader_may(&reader))
			habit_read(portal, &reader, surface, decision);
		return 0;
	}
	if (surface->type == SURFACE_RECOMMEND && reader_may(&reader))
		due_read(portal, &reader, surface, decision);
	if (surface->type != SURFACE_MENU || portal->menus_n == PORTAL_MENUS_MAX)
		return 0;
	layout_of(layout, reader_may(&reader) ? reader_state(&reader, &menu_fold) : reader_state(&reader, &layout_fold), surface);
	struct portal_menu *menu = &portal->menus[portal->menus_n++];
	menu->surface = surface;
	menu_layout_of(&menu->layout, &layout->menu, &surface->menu);
	if (decide(decision, &reader, surface, portal->request->now_ms, NULL) == 0)
		next_read(portal, surface, decision);
	return 0;
}

static int customer_read(struct portal *portal, struct customer *customer, struct history *history)
{
	struct engine *engine = portal->request->server->engine;
	struct decision *decision = arena_alloc(portal->request->arena, sizeof *decision);
	struct reader reader;
	const struct surface *surface;
	int error = reader_open(&reader, engine, customer, portal->request->arena, PURPOSE_OWN, portal->request->now_ms);
	if (!error && !customer_has(engine, customer, portal->origin))
		error = ERROR_BUSY;
	if (error || !decision)
		return error ? error : ERROR_MEMORY;
	portal->config = reader.config;
	states_read(portal, &reader);
	for (size_t at = 0; !error && (surface = surface_next(portal->config, &at));)
		error = surface_read(portal, customer, surface, decision);
	return error ? error : history_start(history, engine, customer, portal->request->arena, HISTORY_EVENTS);
}

/* An undo is newer than what it undoes, so walking back meets it first. */
static int changes_read(struct portal *portal, struct history *history)
{
	struct event event;
	bool more = true;
	size_t undone_n = 0;
	uint64_t *undone = arena_alloc(portal->request->arena, UNDONE_MAX * sizeof *undone);
	portal->changes = arena_alloc(portal->request->arena, PORTAL_CHANGES_MAX * sizeof *portal->changes);
	if (!undone || !portal->changes)
		return ERROR_MEMORY;
	portal_saving_open(portal);
	int streams = history_stream(history);
	if (streams)
		return streams;
	while (portal->changes_n < PORTAL_CHANGES_MAX) {
		int64_t position;
		int error = history_next(history, &event, &more);
		if (error || !more)
			return error;
		if (event.header.kind == EVENT_UNDO && undone_n < UNDONE_MAX && value_int(value_get(event.payload, TEXT("position")), &position))
			undone[undone_n++] = (uint64_t)position;
		portal_saving_count(portal, &event);
		portal_stars_count(portal, &event);
		if (!undo_is_own(&event) || event_is_held(&event))
			continue;
		struct portal_change *change = &portal->changes[portal->changes_n];
		*change = (struct portal_change){0};
		error = event_copy(&change->event, &event, portal->request->arena);
		if (error)
			return error;
		portal->changes_n++;
		for (size_t i = 0; i < undone_n; i++)
			change->undone |= undone[i] == event.position;
	}
	return 0;
}

int portal_read(struct portal *portal)
{
	struct engine *engine = portal->request->server->engine;
	struct history history;
	struct customer *customer = customer_lock_of(engine, portal->origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = customer_read(portal, customer, &history);
	customer_unlock(engine, customer);
	return error ? error : changes_read(portal, &history);
}

const struct portal_change *portal_change_at(const struct portal *portal, uint64_t position)
{
	for (size_t i = 0; i < portal->changes_n; i++)
		if (portal->changes[i].event.position == position)
			return &portal->changes[i];
	return NULL;
}

bool portal_change_is_recent(const struct portal *portal, const struct portal_change *change)
{
	return !undo_is_late(&change->event, portal->request->now_ms);
}
