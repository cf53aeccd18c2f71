/* standing.c: one walk over all customers, one over a year of rows. */
#include "serve/standing.h"

#include "base/clock.h"
#include "customize/decision.h"
#include "customize/layout.h"
#include "engine/tally.h"
#include "identify/trait.h"
#include "interact/promise.h"
#include "interact/voice/idea.h"
#include "interact/voice/question.h"
#include "serve/buying_models.h"
#include "serve/broken.h"
#include "serve/timeline.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 100 * 1000 * 1000 };

/* What is known of a customer, a bit each. */
enum { KNOWN = 1, AGREED = 2, DESIGNS = 4, CHOSE = 8, SHOWN = 16 };

struct gathering {
	struct request *request;
	struct standing *out;
	const struct config *config;
	uint8_t *flags;                  /* By number. */
	int64_t *agreed_ms;              /* When they first said a yes that holds; 0: not. */
	int64_t *took_part_ms;           /* The last time that they shaped something by a record, not by an event. */
	uint32_t customers_n;
	struct counted items[SCORE_ITEMS];
	enum score_item item;
	struct behind *behind;           /* NULL: only figures. */
	struct decision *decision;
	uint32_t step;                   /* Every so many customers are looked at closely. */
	struct counted personal, own, promises;
	bool is_shown;                   /* Some place shows consequences. */
};

static void count(struct gathering *gathering, enum score_item item, uint32_t customer, bool holds)
{
	gathering->items[item].n++;
	gathering->items[item].k += holds;
	if (!gathering->behind || item != gathering->item || !holds || gathering->behind->customers[customer])
		return;
	gathering->behind->customers[customer] = 1;
	gathering->behind->total++;
}

/* ---- a customer's states ---- */

static struct text state_of(const struct gathering *gathering, const struct customer *customer, const struct fold *fold)
{
	return reader_service(gathering->request->server->engine, customer, fold);
}

static void consents_look(struct gathering *gathering, const struct customer *customer)
{
	const struct purposes *purposes = purposes_of(gathering->config);
	struct text state = state_of(gathering, customer, &consent_fold);
	struct consent_state last;
	bool any = false, hold = true;
	for (size_t i = 0; i < purposes->n; i++) {
		if (!consent_last(state, &purposes->items[i], gathering->request->now_ms, &last) || !last.said_yes)
			continue;
		any = true;
		hold = hold && last.yes;
		if (last.yes && (!gathering->agreed_ms[customer->number] || last.time_ms < gathering->agreed_ms[customer->number]))
			gathering->agreed_ms[customer->number] = last.time_ms;
		if (last.time_ms > gathering->took_part_ms[customer->number])
			gathering->took_part_ms[customer->number] = last.time_ms;
	}
	if (any)
		count(gathering, SCORE_OPT_IN, customer->number, hold);
	gathering->flags[customer->number] |= gathering->agreed_ms[customer->number] ? AGREED : 0;
}

static void voice_look(struct gathering *gathering, const struct customer *customer)
{
	const struct questions *questions = questions_of(gathering->config);
	struct text state = state_of(gathering, customer, &question_fold), ideas = state_of(gathering, customer, &idea_fold);
	struct question_course course;
	struct idea_part part;
	bool asked = false, answered = false;
	for (size_t i = 0; i < questions->n; i++)
		if (question_course(state, &questions->items[i], &course)) {
			asked = true;
			answered |= course.answers > 0;
		}
	if (asked)
		count(gathering, SCORE_STARS, customer->number, answered);
	for (size_t at = 0; idea_next(ideas, &at, &part);)
		gathering->flags[customer->number] |= DESIGNS;
}

static void wishes_look(struct gathering *gathering, const struct customer *customer)
{
	struct latest latest;
	bool any = false;
	for (size_t at = 0; latest_next(state_of(gathering, customer, &preference_fold), &at, &latest);)
		any |= latest.value.n > 0;
	gathering->own.n++;
	gathering->own.k += any;
}

static void promises_look(struct gathering *gathering, const struct customer *customer)
{
	struct promise promise;
	for (size_t at = 0; promise_next(state_of(gathering, customer, &promise_fold), &at, &promise);) {
		enum promise_state state = promise_state(&promise, gathering->request->now_ms);
		gathering->promises.n += state != PROMISE_PENDING;
		gathering->promises.k += state == PROMISE_KEPT;
	}
}

/* A learned menu may differ from the company's order only where its owner said so. */
static void menus_look(struct gathering *gathering, struct reader *reader, const struct surface *surface)
{
	struct text learned = reader_state(reader, &menu_fold);
	struct arena *arena = gathering->request->arena;
	struct layout *with = arena_alloc(arena, sizeof *with), *stated = arena_alloc(arena, sizeof *stated);
	struct menu_layout a, b;
	if (!learned.n || !with || !stated)
		return;
	layout_of(with, learned, surface);
	layout_of(stated, reader_state(reader, &layout_fold), surface);
	menu_layout_of(&a, &with->menu, &surface->menu);
	menu_layout_of(&b, &stated->menu, &surface->menu);
	count(gathering, SCORE_ASKS, reader->customer->number, memcmp(a.home, b.home, sizeof a.home) == 0);
}

/* Would this customer get something else than somebody unknown? */
static bool is_personal(const struct decision *decision, const struct surface *surface)
{
	if (surface->type == SURFACE_USUAL)
		return decision->guess || (decision->options_n && decision->options[0].source == DECISION_STATED);
	if (surface->type == SURFACE_RECOMMEND)
		return decision->guess || decision->recommendation.withheld_n > 0;
	return decision->suggestions_n > 0 || decision->moved_n > 0 || decision->menu.pinned != 0;
}

static void decisions_look(struct gathering *gathering, struct customer *customer)
{
	const struct decision_basis basis = {.model = buying_models_get(gathering->request->server->buying)};
	const struct surface *surface;
	struct reader reader;
	for (size_t at = 0; (surface = surface_next(gathering->config, &at));) {
		if (surface->type == SURFACE_QUESTION ||
		    reader_open(&reader, gathering->request->server->engine, customer, gathering->request->arena, surface->purpose, gathering->request->now_ms) != 0)
			continue;
		if (surface->type == SURFACE_MENU && reader_may(&reader))
			menus_look(gathering, &reader, surface);
		if (decide(gathering->decision, &reader, surface, gathering->request->now_ms, &basis) != 0)
			continue;
		gathering->personal.n++;
		gathering->personal.k += is_personal(gathering->decision, surface);
	}
}

static bool customer_look(void *arg, struct customer *customer)
{
	struct gathering *gathering = arg;
	struct engine *engine = gathering->request->server->engine;
	if (customer->number >= gathering->customers_n || customer_refresh(engine, customer) != 0 || customer->origin_first == 0 || customer->events == 0 || customer->set_aside)
		return true;
	struct text identifiers = state_of(gathering, customer, &identifier_fold);
	gathering->flags[customer->number] |= identifier_count(identifiers, IDENTIFIER_USER) > 0 ? KNOWN : 0;
	consents_look(gathering, customer);
	voice_look(gathering, customer);
	wishes_look(gathering, customer);
	promises_look(gathering, customer);
	if (customer->number % gathering->step == 0)
		decisions_look(gathering, customer);
	return true;
}

/* ---- a year of rows ---- */

/* What the name of an event says of whoever sent it. */
enum { NAME_PART = 1, NAME_CHOICE = 2, NAME_SHOWN = 4 };

struct names {
	uint8_t *says; /* By number. */
	uint32_t n;
};

static void name_say(const struct names *names, const struct dictionary *dictionary, const char *name, uint8_t says)
{
	uint32_t number = dictionary_find(dictionary, text_of(name));
	if (number && number < names->n)
		names->says[number] |= says;
}

static int names_find(struct gathering *gathering, struct names *names)
{
	static const char *const parts[] = {IDEA_PROPOSED_EVENT, IDEA_SUPPORTED_EVENT, IDEA_TRIED_EVENT};
	struct dictionary *dictionary = engine_dictionary(gathering->request->server->engine);
	names->n = dictionary_count(dictionary) + 1;
	names->says = arena_zero_alloc(gathering->request->arena, names->n, 1);
	if (!names->says)
		return ERROR_MEMORY;
	for (size_t i = 0; i < QUESTION_SCALES; i++)
		name_say(names, dictionary, question_scales[i].event, NAME_PART);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		name_say(names, dictionary, parts[i], NAME_PART);
	name_say(names, dictionary, "Consequence Shown", NAME_SHOWN);
	for (uint32_t i = 1; i < names->n; i++)
		names->says[i] |= purchase_is_event(gathering->config, dictionary_name(dictionary, i)) ? NAME_CHOICE : 0;
	for (uint32_t i = 1; i < names->n; i++)
		gathering->is_shown |= names->says[i] & NAME_SHOWN;
	return 0;
}

static size_t month_of(const struct gathering *gathering, int64_t time_ms)
{
	int64_t back = (gathering->request->now_ms - time_ms) / MS_A_MONTH;
	return back < 0 ? STANDING_MONTHS - 1 : back >= STANDING_MONTHS ? STANDING_MONTHS : (size_t)(STANDING_MONTHS - 1 - back);
}

/* What one customer did, a bit a month and a channel. */
struct came {
	uint32_t months, took_part;
	uint32_t channels;
	bool priced, lately;
};

static void row_take(struct gathering *gathering, const struct customer_row *row, const struct names *names, const struct price_index *index, struct came *came)
{
	struct standing *out = gathering->out;
	size_t month = month_of(gathering, row->time_ms);
	bool known = gathering->flags[row->customer] & KNOWN;
	const uint8_t says = row->name < names->n ? names->says[row->name] : 0;
	if (month >= STANDING_MONTHS)
		return;
	came->months |= 1u << month;
	came->took_part |= says & NAME_PART ? 1u << month : 0;
	out->months[month].known.n++;
	out->months[month].known.k += known;
	if (month == STANDING_MONTHS - 1) {
		came->channels |= 1u << row->channel;
		out->channels[row->channel].known.n++;
		out->channels[row->channel].known.k += known;
	}
	if (gathering->request->now_ms - row->time_ms > (int64_t)STANDING_LATELY_DAYS * MS_A_DAY)
		return;
	came->lately = true;
	came->priced |= row->name < index->names_n && index->lines[(size_t)row->name * CHANNEL_COUNT + row->channel] != NULL;
	gathering->flags[row->customer] |= (says & NAME_SHOWN ? SHOWN : 0) | (says & NAME_CHOICE ? CHOSE : 0);
}

static void came_count(struct gathering *gathering, uint32_t customer, struct came *came)
{
	struct standing *out = gathering->out;
	size_t month = gathering->took_part_ms[customer] ? month_of(gathering, gathering->took_part_ms[customer]) : STANDING_MONTHS;
	came->took_part |= month < STANDING_MONTHS ? 1u << month & came->months : 0;
	for (size_t i = 0; i < STANDING_MONTHS; i++) {
		if (!(came->months >> i & 1))
			continue;
		bool agreed = gathering->agreed_ms[customer] && gathering->agreed_ms[customer] <= out->months[i].until_ms;
		out->months[i].took_part.n++;
		out->months[i].took_part.k += came->took_part >> i & 1;
		out->months[i].agreed.n++;
		out->months[i].agreed.k += agreed;
	}
	for (unsigned channel = 1; channel < CHANNEL_COUNT; channel++) {
		if (!(came->channels >> channel & 1))
			continue;
		out->channels[channel].took_part.n++;
		out->channels[channel].took_part.k += came->took_part >> (STANDING_MONTHS - 1) & 1;
		out->channels[channel].agreed.n++;
		out->channels[channel].agreed.k += (gathering->flags[customer] & AGREED) != 0;
	}
	if (!came->lately)
		return;
	count(gathering, SCORE_DESIGN, customer, gathering->flags[customer] & DESIGNS);
	if (price_list_of(gathering->config)->n)
		count(gathering, SCORE_OUR_STARS, customer, came->priced);
	if (gathering->is_shown && (gathering->flags[customer] & CHOSE))
		count(gathering, SCORE_CONSEQUENCE, customer, gathering->flags[customer] & SHOWN);
}

/* ---- roads ---- */

struct road_count {
	const struct broken_question *question;
	uint8_t *shown;                  /* By customer: a bit a signal. */
	uint8_t *taken;                  /* A bit for each sort of road: all, with errors, with asking. */
};
enum { ROAD_ANY = 1, ROAD_FAILS = 2, ROAD_ASKS = 4 };

static void road_take(void *arg, uint32_t road, uint32_t customer, int64_t began_ms, bool reached)
{
	struct road_count *counting = arg;
	const struct journey_rule *rule = counting->question->roads[road].rule;
	(void)began_ms;
	(void)reached;
	counting->taken[customer] |= (uint8_t)(ROAD_ANY | (rule->fails_n ? ROAD_FAILS : 0) | (rule->asks_n ? ROAD_ASKS : 0));
}

static void case_take(void *arg, const struct broken_case *found)
{
	struct road_count *counting = arg;
	counting->shown[found->customer] |= (uint8_t)(1u << found->kind);
}

static void breaks_keep(struct gathering *gathering, struct broken_look *looking)
{
	struct standing *out = gathering->out;
	broken_rank(looking->spots, looking->question.roads_n);
	for (size_t i = 0; i < looking->question.roads_n && out->breaks_n < sizeof out->breaks / sizeof *out->breaks; i++) {
		const struct broken_spot *spot = &looking->spots[i];
		if (spot->score < BROKEN_LEAST || !behind_may_show(gathering->request, spot->signals[0].share.k))
			continue;
		struct standing_break *kept = &out->breaks[out->breaks_n++];
		snprintf(kept->spot, sizeof kept->spot, "%.*s", TEXT_ARGS(text_cut(spot->road->rule->name, sizeof kept->spot - 1)));
		snprintf(kept->title, sizeof kept->title, "%.*s", TEXT_ARGS(text_cut(spot->road->rule->title, sizeof kept->title - 1)));
		kept->says = broken_signal_words(spot->signals[0].kind);
		kept->customers = spot->signals[0].share.k;
		kept->cost_a_month = spot->cost / 100 / STANDING_LATELY_DAYS * DAYS_A_MONTH;
	}
}

static int roads_look(struct gathering *gathering, const struct customer_rows *rows)
{
	struct broken_look looking;
	struct road_count counting = {.shown = memory_zero_alloc(gathering->customers_n, 1), .taken = memory_zero_alloc(gathering->customers_n, 1)};
	int error = counting.shown && counting.taken ? 0 : ERROR_MEMORY;
	if (!error && !broken_look_begin(gathering->request, &looking))
		error = ERROR_INVALID;
	if (!error) {
		counting.question = &looking.question;
		looking.question.from_ms = gathering->request->now_ms - (int64_t)STANDING_LATELY_DAYS * MS_A_DAY;
		looking.question.taken = road_take;
		looking.question.each = case_take;
		looking.question.arg = &counting;
		error = broken_find(looking.spots, rows, &looking.question);
	}
	for (uint32_t i = 1; !error && i < gathering->customers_n; i++) {
		const unsigned shown = counting.shown[i];
		if (counting.taken[i] & ROAD_ANY)
			count(gathering, SCORE_FOUND, i, !(shown & (1u << BROKEN_FAILED | 1u << BROKEN_LEFT)));
		if (counting.taken[i] & ROAD_FAILS)
			count(gathering, SCORE_SAME, i, !(shown & 1u << BROKEN_FORCED));
		if (counting.taken[i] & ROAD_ASKS)
			count(gathering, SCORE_TOLD_ONCE, i, !(shown & 1u << BROKEN_ASKED));
	}
	if (!error)
		breaks_keep(gathering, &looking);
	memory_free(counting.shown);
	memory_free(counting.taken);
	return error;
}

static int rows_look(struct gathering *gathering)
{
	struct engine *engine = gathering->request->server->engine;
	struct customer_rows rows;
	struct price_index index;
	struct names names;
	int error = price_index_make(&index, gathering->request->arena, price_list_of(gathering->config), dictionary_count(engine_dictionary(engine)) + 1,
	                             dictionary_seek, engine_dictionary(engine));
	if (error)
		return error;
	error = names_find(gathering, &names);
	if (error)
		return error;
	error = customer_rows_take(&rows, engine, gathering->request->now_ms - STANDING_MONTHS * MS_A_MONTH, gathering->request->now_ms + 1, ROWS_MAX);
	for (size_t at = 0, end; !error && at < rows.n; at = end) {
		struct came came = {0};
		uint32_t customer = rows.items[at].customer;
		end = customer_rows_end(&rows, at);
		for (size_t i = at; customer < gathering->customers_n && i < end; i++)
			row_take(gathering, &rows.items[i], &names, &index, &came);
		if (customer < gathering->customers_n)
			came_count(gathering, customer, &came);
	}
	if (!error && rows.customers_n <= gathering->customers_n)
		error = roads_look(gathering, &rows);
	customer_rows_free(&rows);
	return error;
}

/* ---- a sample, complete ---- */

static bool event_count(void *arg, const struct event *event)
{
	(void)event;
	++*(uint64_t *)arg;
	return true;
}

static void exports_look(struct gathering *gathering)
{
	struct engine *engine = gathering->request->server->engine;
	for (uint32_t number = 1, taken = 0; number < gathering->customers_n && taken < STANDING_SAMPLE / 5; number += gathering->step) {
		uint64_t written = 0, kept = 0;
		struct customer *customer = customer_lock_of(engine, number);
		bool own = customer && customer->number == number && customer->events;
		if (customer) {
			kept = customer->events;
			customer_unlock(engine, customer);
		}
		if (!own || timeline_each(gathering->request, number, HISTORY_EVENTS, event_count, &written) != 0)
			continue;
		count(gathering, SCORE_EXPORT, number, written >= kept);
		taken++;
	}
}

/* ---- all of it ---- */

static struct share share_counted(struct counted counted)
{
	return share_of(counted.k < counted.n ? counted.k : counted.n, counted.n);
}

static void axes_make(struct gathering *gathering)
{
	struct standing *out = gathering->out;
	const struct standing_month *now = &out->months[STANDING_MONTHS - 1];
	const struct surface *surface;
	struct counted places = {0};
	const struct config_document *document;
	for (size_t at = 0; (document = config_next(gathering->config, TEXT("touchpoint"), &at));)
		places.n++;
	for (size_t at = 0; (surface = surface_next(gathering->config, &at));)
		places.k++;
	out->interact[INTERACT_KNOWN] = share_counted(now->known);
	out->interact[INTERACT_REACHABLE] = share_counted(now->agreed);
	out->interact[INTERACT_TOLD_ONCE] = out->items[SCORE_TOLD_ONCE];
	out->interact[INTERACT_PROMISES] = share_counted(gathering->promises);
	out->customize[CUSTOMIZE_PERSONAL] = share_counted(gathering->personal);
	out->customize[CUSTOMIZE_PLACES] = share_counted(places);
	out->customize[CUSTOMIZE_OWN] = share_counted(gathering->own);
}

static int gather(struct gathering *gathering)
{
	struct standing *out = gathering->out;
	struct engine *engine = gathering->request->server->engine;
	uint32_t after = 0;
	*out = (struct standing){.made_ms = gathering->request->now_ms, .config = gathering->config, .version = gathering->config->version};
	for (int i = 0; i < STANDING_MONTHS; i++)
		out->months[i].until_ms = gathering->request->now_ms - (STANDING_MONTHS - 1 - i) * MS_A_MONTH;
	engine_each_customer(engine, &after, SIZE_MAX, customer_look, gathering);
	int error = rows_look(gathering);
	exports_look(gathering);
	for (unsigned i = 0; i < SCORE_ITEMS; i++)
		out->items[i] = share_counted(gathering->items[i]);
	axes_make(gathering);
	return error;
}

static int make(struct request *request, struct standing *out, enum score_item item, struct behind *behind)
{
	struct engine *engine = request->server->engine;
	struct gathering gathering = {.request = request, .out = out, .config = engine_config(engine), .customers_n = engine_origins(engine) + 1, .item = item, .behind = behind};
	gathering.step = gathering.customers_n / STANDING_SAMPLE + 1;
	gathering.flags = memory_zero_alloc(gathering.customers_n, 1);
	gathering.agreed_ms = memory_zero_alloc(gathering.customers_n, sizeof *gathering.agreed_ms);
	gathering.took_part_ms = memory_zero_alloc(gathering.customers_n, sizeof *gathering.took_part_ms);
	gathering.decision = arena_alloc(request->arena, sizeof *gathering.decision);
	if (behind)
		*behind = (struct behind){.customers = memory_zero_alloc(gathering.customers_n, 1), .customers_n = gathering.customers_n};
	int error = gathering.flags && gathering.agreed_ms && gathering.took_part_ms && gathering.decision && (!behind || behind->customers) ? gather(&gathering) : ERROR_MEMORY;
	memory_free(gathering.flags);
	memory_free(gathering.agreed_ms);
	memory_free(gathering.took_part_ms);
	return error;
}

int standing_take(struct request *request, struct standing *out, enum score_item item, struct behind *behind)
{
	struct server *server = request->server;
	const struct config *config = engine_config(server->engine);
	int error = 0;
	if (behind)
		return make(request, out, item, behind);
	pthread_mutex_lock(&server->standing_lock); /* Whoever comes meanwhile waits for the same answer. */
	const struct standing *kept = server->standing;
	if (!kept || kept->config != config || kept->version != config->version || request->now_ms - kept->made_ms > STANDING_KEPT_MS) {
		if (!server->standing)
			server->standing = memory_zero_alloc(1, sizeof *server->standing);
		error = server->standing ? make(request, server->standing, item, NULL) : ERROR_MEMORY;
		if (error && server->standing)
			server->standing->made_ms = 0;
	}
	if (!error)
		*out = *server->standing;
	pthread_mutex_unlock(&server->standing_lock);
	return error;
}

void standing_forget(struct server *server)
{
	pthread_mutex_lock(&server->standing_lock);
	if (server->standing)
		server->standing->made_ms = 0;
	pthread_mutex_unlock(&server->standing_lock);
}
