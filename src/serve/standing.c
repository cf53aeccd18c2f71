/* standing.c: one walk over all customers, one over a year of rows, one over a sample; each adds to the groups as well. */
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
#include "serve/standing_groups.h"
#include "serve/timeline.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 100 * 1000 * 1000 };

/* What is known of a customer, a bit each. */
enum { KNOWN = 1, AGREED = 2, DESIGNS = 4, CHOSE = 8, SHOWN = 16, OWN = 32, SEEN = 64 };

struct gathering {
	struct request *request;
	struct standing *out;
	const struct config *config;
	uint8_t *flags;                  /* By number. */
	int64_t *agreed_ms;              /* When they first said a yes that holds; 0: not. */
	uint16_t *said;                  /* The months in which they said yes or no to a purpose. */
	uint8_t *promises, *kept;        /* How many, up to 255. */
	uint32_t customers_n;
	struct counted items[SCORE_ITEMS];
	enum score_item item;
	struct behind *behind;           /* NULL: only figures. */
	struct decision *decision;
	uint32_t step;                   /* Every so many customers are looked at closely. */
	struct standing_groups groups;
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
	}
	if (any)
		count(gathering, SCORE_OPT_IN, customer->number, hold);
	gathering->flags[customer->number] |= gathering->agreed_ms[customer->number] ? AGREED : 0;
	gathering->said[customer->number] = participation_said(state, gathering->config, gathering->request->now_ms);
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
	gathering->flags[customer->number] |= any ? OWN : 0;
}

static void promises_look(struct gathering *gathering, const struct customer *customer)
{
	uint8_t *n = &gathering->promises[customer->number];
	struct promise promise;
	for (size_t at = 0; *n < UINT8_MAX && promise_next(state_of(gathering, customer, &promise_fold), &at, &promise);) {
		enum promise_state state = promise_state(&promise, gathering->request->now_ms);
		*n += state != PROMISE_PENDING;
		gathering->kept[customer->number] += state == PROMISE_KEPT;
	}
}

/* A learned menu may differ from the company's order only where its owner said so. */
static void menus_look(struct gathering *gathering, struct reader *reader, const struct surface *surface)
{
	struct text learned = reader_state(reader, &menu_fold);
	struct arena *arena = &gathering->groups.facts;
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

/* How many decisions on all surfaces differ from a stranger's. @counts: the customer is one of the sample of all. */
static struct counted decisions_look(struct gathering *gathering, struct customer *customer, bool counts)
{
	const struct decision_basis basis = {.model = buying_models_get(gathering->request->server->buying)};
	const struct surface *surface;
	struct counted personal = {0};
	struct arena *arena = &gathering->groups.facts;
	struct reader reader;
	arena_reset(arena);
	for (size_t at = 0; (surface = surface_next(gathering->config, &at));) {
		if (surface->type == SURFACE_QUESTION ||
		    reader_open(&reader, gathering->request->server->engine, customer, arena, surface->purpose, gathering->request->now_ms) != 0)
			continue;
		if (counts && surface->type == SURFACE_MENU && reader_may(&reader))
			menus_look(gathering, &reader, surface);
		if (decide(gathering->decision, &reader, surface, gathering->request->now_ms, &basis) != 0)
			continue;
		personal.n++;
		personal.k += is_personal(gathering->decision, surface);
	}
	return personal;
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
	gathering->flags[customer->number] |= SEEN;
	standing_groups_join(&gathering->groups, gathering->request, gathering->config, customer);
	return true;
}

/* ---- a year of rows ---- */

/* What the name of an event says of whoever sent it: first the ways of taking part. */
enum { NAME_PART = (1 << PART_SAID) - 1, NAME_CHOICE = 1 << PART_SAID, NAME_SHOWN = NAME_CHOICE << 1, NAME_STARS = NAME_SHOWN << 1 };

struct names {
	uint8_t *says; /* By number. */
	uint32_t n;
	struct price_index prices;
};

static void name_say(const struct names *names, uint32_t number, uint8_t says)
{
	if (number && number < names->n)
		names->says[number] |= says;
}

static int names_find(struct gathering *gathering, struct names *names)
{
	struct dictionary *dictionary = engine_dictionary(gathering->request->server->engine);
	struct participation_events parts;
	names->n = dictionary_count(dictionary) + 1;
	names->says = arena_zero_alloc(gathering->request->arena, names->n, 1);
	if (!names->says)
		return ERROR_MEMORY;
	participation_events_find(&parts, dictionary);
	for (size_t i = 0; i < parts.n; i++)
		name_say(names, parts.items[i].number, parts.items[i].ways);
	name_say(names, dictionary_find(dictionary, text_of(question_scales[QUESTION_STARS].event)), NAME_STARS);
	name_say(names, dictionary_find(dictionary, TEXT("Consequence Shown")), NAME_SHOWN);
	for (uint32_t i = 1; i < names->n; i++) {
		names->says[i] |= purchase_is_event(gathering->config, dictionary_name(dictionary, i)) ? NAME_CHOICE : 0;
		gathering->is_shown |= names->says[i] & NAME_SHOWN;
	}
	return price_index_make(&names->prices, gathering->request->arena, price_list_of(gathering->config), names->n, dictionary_seek, dictionary);
}

/* Of STANDING_LATELY_DAYS: what it brought and cost, and the stars that were given. */
static void lately_take(struct gathering *gathering, const struct customer_row *row, const struct names *names, struct came *came)
{
	const uint8_t says = row->name < names->n ? names->says[row->name] : 0;
	const struct price_line *line = row->name < names->prices.names_n ? names->prices.lines[(size_t)row->name * CHANNEL_COUNT + row->channel] : NULL;
	long level = says & NAME_STARS ? lround(row->value / 100.0) : 0;
	came->lately |= 1u << row->channel;
	if (level >= 1 && level <= 5)
		came->stars[row->channel][level]++;
	if (line) {
		struct price_exact exact = price_exact_of(price_list_of(gathering->config), line, (enum channel)row->channel, row->value);
		came->profit[row->channel] += exact.income - exact.cost;
		came->priced = true;
	}
	gathering->flags[row->customer] |= (says & NAME_SHOWN ? SHOWN : 0) | (says & NAME_CHOICE ? CHOSE : 0);
}

static void row_take(struct gathering *gathering, const struct customer_row *row, const struct names *names, struct came *came)
{
	struct standing *out = gathering->out;
	size_t month = participation_month(gathering->request->now_ms, row->time_ms);
	const uint8_t says = row->name < names->n ? names->says[row->name] : 0;
	if (month >= STANDING_MONTHS)
		return;
	participation_add(&came->participation, month, says & NAME_PART);
	out->months[month].known.n++;
	out->months[month].known.k += came->known;
	if (month == STANDING_MONTHS - 1) {
		came->now |= 1u << row->channel;
		came->events[row->channel]++;
	}
	if (gathering->request->now_ms - row->time_ms <= (int64_t)STANDING_LATELY_DAYS * MS_A_DAY)
		lately_take(gathering, row, names, came);
}

static void came_count(struct gathering *gathering, uint32_t customer, struct came *came)
{
	struct standing *out = gathering->out;
	uint16_t took = participation_took(&came->participation);
	for (size_t i = 0; i < STANDING_MONTHS; i++) {
		if (!(came->participation.came >> i & 1))
			continue;
		bool agreed = gathering->agreed_ms[customer] && gathering->agreed_ms[customer] <= out->months[i].until_ms;
		out->months[i].took_part.n++;
		out->months[i].took_part.k += took >> i & 1;
		out->months[i].agreed.n++;
		out->months[i].agreed.k += agreed;
	}
	standing_groups_came(&gathering->groups, customer, came);
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
		struct standing_group *group;
		if (counting.taken[i] & ROAD_ANY)
			count(gathering, SCORE_FOUND, i, !(shown & (1u << BROKEN_FAILED | 1u << BROKEN_LEFT)));
		if (counting.taken[i] & ROAD_FAILS)
			count(gathering, SCORE_SAME, i, !(shown & 1u << BROKEN_FORCED));
		if (!(counting.taken[i] & ROAD_ASKS))
			continue;
		count(gathering, SCORE_TOLD_ONCE, i, !(shown & 1u << BROKEN_ASKED));
		for (size_t at = 0; (group = standing_groups_next(&gathering->groups, i, &at));) {
			group->told_once.n++;
			group->told_once.k += !(shown & 1u << BROKEN_ASKED);
		}
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
	struct names names;
	int error = names_find(gathering, &names);
	if (error)
		return error;
	error = customer_rows_take(&rows, engine, gathering->request->now_ms - STANDING_MONTHS * MS_A_MONTH, gathering->request->now_ms + 1, ROWS_MAX);
	for (size_t at = 0, end; !error && at < rows.n; at = end) {
		uint32_t customer = rows.items[at].customer;
		end = customer_rows_end(&rows, at);
		if (customer >= gathering->customers_n)
			continue; /* Came after the walk over customers began. */
		const uint8_t flags = gathering->flags[customer];
		struct came came = {.known = flags & KNOWN, .agreed = flags & AGREED, .participation.ways[PART_SAID] = gathering->said[customer]};
		for (size_t i = at; i < end; i++)
			row_take(gathering, &rows.items[i], &names, &came);
		came_count(gathering, customer, &came);
	}
	if (!error && rows.customers_n <= gathering->customers_n)
		error = roads_look(gathering, &rows);
	customer_rows_free(&rows);
	return error;
}

/* ---- wishes and promises ---- */

/* What was known of a customer before it was known on which channels they come. */
static void states_count(struct gathering *gathering)
{
	struct standing_group *group;
	for (uint32_t number = 1; number < gathering->customers_n; number++) {
		if (!(gathering->flags[number] & SEEN))
			continue;
		for (size_t at = 0; (group = standing_groups_next(&gathering->groups, number, &at));) {
			group->own.n++;
			group->own.k += (gathering->flags[number] & OWN) != 0;
			group->promises.n += gathering->promises[number];
			group->promises.k += gathering->kept[number];
			group->promised += gathering->promises[number] > 0;
		}
	}
}

/* ---- a sample, complete ---- */

static void decisions_count(struct gathering *gathering, const struct counted *personal, const uint64_t *picks)
{
	for (size_t i = 0; i < gathering->groups.n; i++) {
		struct standing_group *group = &gathering->groups.items[i];
		if (!(picks[i / 64] >> i % 64 & 1))
			continue;
		group->personal.n += personal->n;
		group->personal.k += personal->k;
		group->looked_at++;
	}
}

/* Decisions are dear, so they are made again for every so many customers: of all, and of each group its own. */
static void sample_look(struct gathering *gathering)
{
	struct engine *engine = gathering->request->server->engine;
	uint64_t picks[GROUP_WORDS_MAX];
	standing_groups_sample(&gathering->groups, (uint64_t)gathering->request->server->settings.aggregate_min);
	for (uint32_t number = 1; number < gathering->customers_n; number++) {
		if (!(gathering->flags[number] & SEEN))
			continue;
		bool counts = number % gathering->step == 0;
		if (!standing_groups_pick(&gathering->groups, number, picks) && !counts)
			continue;
		picks[0] |= counts ? 1u << GROUP_ALL : 0;
		struct customer *customer = customer_lock_of(engine, number);
		if (!customer)
			continue; /* Gone meanwhile. */
		if (customer->number == number && customer_refresh(engine, customer) == 0 && customer->origin_first) {
			struct counted personal = decisions_look(gathering, customer, counts);
			decisions_count(gathering, &personal, picks);
		}
		customer_unlock(engine, customer);
	}
}

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
		if (!own || timeline_each(gathering->request, number, HISTORY_EVENTS, 0, event_count, &written) != 0)
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
	const struct standing_group *all = &out->groups[GROUP_ALL];
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
	out->interact[INTERACT_PROMISES] = share_counted(all->promises);
	out->customize[CUSTOMIZE_PERSONAL] = share_counted(all->personal);
	out->customize[CUSTOMIZE_PLACES] = share_counted(places);
	out->customize[CUSTOMIZE_OWN] = share_counted(all->own);
}

static int gather(struct gathering *gathering)
{
	struct standing *out = gathering->out;
	struct engine *engine = gathering->request->server->engine;
	uint32_t after = 0;
	*out = (struct standing){.made_ms = gathering->request->now_ms, .config = gathering->config, .version = gathering->config->version,
	                         .groups = gathering->groups.items, .groups_n = gathering->groups.n};
	for (int i = 0; i < STANDING_MONTHS; i++)
		out->months[i].until_ms = gathering->request->now_ms - (STANDING_MONTHS - 1 - i) * MS_A_MONTH;
	engine_each_customer(engine, &after, SIZE_MAX, customer_look, gathering);
	int error = rows_look(gathering);
	states_count(gathering);
	sample_look(gathering);
	exports_look(gathering);
	for (unsigned i = 0; i < SCORE_ITEMS; i++)
		out->items[i] = share_counted(gathering->items[i]);
	axes_make(gathering);
	return error;
}

static bool gathering_begin(struct gathering *gathering, struct behind *behind)
{
	uint32_t n = gathering->customers_n;
	gathering->step = n / STANDING_SAMPLE + 1;
	gathering->flags = memory_zero_alloc(n, 1);
	gathering->agreed_ms = memory_zero_alloc(n, sizeof *gathering->agreed_ms);
	gathering->said = memory_zero_alloc(n, sizeof *gathering->said);
	gathering->promises = memory_zero_alloc(n, 1);
	gathering->kept = memory_zero_alloc(n, 1);
	gathering->decision = arena_alloc(gathering->request->arena, sizeof *gathering->decision);
	if (behind)
		*behind = (struct behind){.customers = memory_zero_alloc(n, 1), .customers_n = n};
	bool groups = standing_groups_begin(&gathering->groups, gathering->config, n) == 0;
	return groups && gathering->flags && gathering->agreed_ms && gathering->said && gathering->promises && gathering->kept && gathering->decision &&
	       (!behind || behind->customers);
}

/* @out->groups is the caller's to memory_free, also after an error. */
static int make(struct request *request, struct standing *out, enum score_item item, struct behind *behind)
{
	struct engine *engine = request->server->engine;
	struct gathering gathering = {.request = request, .out = out, .config = engine_config(engine), .customers_n = engine_origins(engine) + 1, .item = item, .behind = behind};
	int error = gathering_begin(&gathering, behind) ? gather(&gathering) : ERROR_MEMORY;
	out->groups = gathering.groups.items;
	standing_groups_end(&gathering.groups);
	memory_free(gathering.flags);
	memory_free(gathering.agreed_ms);
	memory_free(gathering.said);
	memory_free(gathering.promises);
	memory_free(gathering.kept);
	return error;
}

/* What is kept may be made anew while the request still writes. */
static int groups_copy(struct request *request, struct standing *out)
{
	const struct standing_group *from = out->groups;
	out->groups = arena_alloc(request->arena, out->groups_n * sizeof *out->groups);
	if (!out->groups)
		return ERROR_MEMORY;
	memcpy(out->groups, from, out->groups_n * sizeof *out->groups);
	return 0;
}

static int make_anew(struct request *request)
{
	struct server *server = request->server;
	if (!server->standing)
		server->standing = memory_zero_alloc(1, sizeof *server->standing);
	if (!server->standing)
		return ERROR_MEMORY;
	memory_free(server->standing->groups);
	int error = make(request, server->standing, SCORE_ITEMS, NULL);
	if (error)
		server->standing->made_ms = 0;
	return error;
}

static int make_opened(struct request *request, struct standing *out, enum score_item item, struct behind *behind)
{
	int error = make(request, out, item, behind);
	struct standing_group *groups = out->groups;
	if (!error)
		error = groups_copy(request, out);
	memory_free(groups);
	return error;
}

int standing_take(struct request *request, struct standing *out, enum score_item item, struct behind *behind)
{
	struct server *server = request->server;
	const struct config *config = engine_config(server->engine);
	int error = 0;
	if (behind)
		return make_opened(request, out, item, behind);
	pthread_mutex_lock(&server->standing_lock); /* Whoever comes meanwhile waits for the same answer. */
	const struct standing *kept = server->standing;
	if (!kept || kept->config != config || kept->version != config->version || request->now_ms - kept->made_ms > STANDING_KEPT_MS)
		error = make_anew(request);
	if (!error) {
		*out = *server->standing;
		error = groups_copy(request, out);
	}
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

void standing_free(struct server *server)
{
	if (server->standing)
		memory_free(server->standing->groups);
	memory_free(server->standing);
}
