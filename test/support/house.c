/* house.c: see house.h. */
#include "house.h"

#include "differentiate/segment/segment.h"
#include "event/columns.h"
#include "identify/claim.h"
#include "identify/identifier.h"
#include "identify/trait.h"
#include "interact/contact.h"
#include "interact/matter.h"
#include "interact/preference.h"
#include "interact/journey.h"
#include "interact/touchpoint.h"
#include "trust/consent.h"
#include "trust/purpose.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static void order_apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct {
		uint64_t hash, n;
	} so_far = {0};
	(void)context;
	if (state->n)
		memcpy(&so_far, state->p, sizeof so_far);
	so_far.hash = XXH3_64bits_withSeed(event->payload.p, event->payload.n, so_far.hash ^ event->position);
	so_far.n++;
	memcpy(state->p, &so_far, sizeof so_far);
	state->n = sizeof so_far;
}

const struct fold order_fold = {
	.name = "order", .version = 1, .bytes_max = 16, .ordered = true, .window_events_max = FOLD_WINDOW_EVENTS,
	.kinds = EVENT_KIND_BIT(EVENT_TRACK) | EVENT_KIND_BIT(EVENT_IDENTIFY) | EVENT_KIND_BIT(EVENT_DECISION), .apply = order_apply};

static const struct fold *const folds[] = {&identifier_fold, &trait_fold, &consent_fold, &preference_fold, &contact_fold,
                                           &matter_fold, &segment_fold, &claim_fold, &order_fold};
const struct fold_table house_folds = {folds, sizeof folds / sizeof *folds};

static void problem(void *arg, const struct config_problem *problem)
{
	(void)arg;
	fprintf(stderr, "%u:%u: %s\n", problem->line, problem->column, problem->message);
}

struct config *house_config(void)
{
	static const struct config_kind *const kinds[] = {&purpose_kind, &matter_kind, &source_kind, &touchpoint_kind, &journey_kind, &segment_kind};
	static const struct config_kinds table = {kinds, sizeof kinds / sizeof *kinds};
	static const char text[] =
		"kind: purpose\nname: personalisation\ntitle: Fit\ntext: May we?\nversion: 1\n---\n"
		"kind: purpose\nname: marketing\ntitle: Offers\ntext: May we write?\nversion: 2\n---\n"
		"kind: matter\nname: bill\nopens: {event: Bill Issued, id: bill, amount: amount, title: title, due: due}\n"
		"closes: {event: Bill Paid, id: bill}\nnext: Pay\n---\n"
		"kind: segment\nname: pays\ntitle: Pays\nrule: did \"Bill Paid\" at least 3 times in the last 90 days\npurpose: personalisation\n---\n"
		"kind: segment\nname: looks\ntitle: Looks\nrule: did \"Balance Seen\" at most 2 times\npurpose: marketing\n";
	struct config_file file = {TEXT("house.yaml"), text_of(text)};
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	struct config *config;
	if (config_build(&config, &table, &version, problem, NULL) != 0)
		abort();
	return config;
}

static bool column(const struct event *event, int32_t *value)
{
	*value = 0;
	return event->header.kind == EVENT_TRACK;
}

const uint8_t house_node_key[KEYRING_KEY_BYTES] = {4, 5, 6};

void house_options(struct engine_options *options, const char *folder, const struct config *config)
{
	static const uint8_t key[DIRECTORY_KEY_BYTES] = {1, 2, 3};
	*options = (struct engine_options){
		.folder = folder, .folds = &house_folds, .directory_key = key, .node_key = house_node_key, .seal = true, .dedupe_memory_max = 1 << 20, .snapshot_every_ms = -1,
		.log_segment_bytes = 1 << 20, .log_pending_bytes = 256 * 1024, .config = config, .column = column};
}

int house_open(struct engine **engine, const char *folder, const struct config *config)
{
	struct engine_options options;
	house_options(&options, folder, config);
	return engine_open(engine, &options);
}

/* ---- the witness ---- */

static pthread_mutex_t witness_lock = PTHREAD_MUTEX_INITIALIZER;

void witness_note(struct witness *witness, const struct event *event)
{
	pthread_mutex_lock(&witness_lock);
	if (witness->n == witness->capacity) {
		witness->capacity = witness->capacity * 2 + 64;
		witness->items = realloc(witness->items, witness->capacity * sizeof *witness->items);
	}
	uint8_t *payload = malloc(event->payload.n + event->name.n);
	if (!witness->items || !payload)
		abort();
	memcpy(payload, event->payload.p, event->payload.n);
	struct seen *seen = &witness->items[witness->n++];
	seen->event = *event;
	seen->event.payload.p = payload;
	if (event->name.n)
		memcpy(payload + event->payload.n, event->name.p, event->name.n);
	seen->event.name.p = (const char *)payload + event->payload.n;
	pthread_mutex_unlock(&witness_lock);
}

static void changed(void *arg, struct engine *engine, const struct customer *customer, const struct event *event)
{
	(void)engine;
	(void)customer;
	witness_note(arg, event);
}

void witness_listen(struct witness *witness, struct engine *engine)
{
	engine_listen(engine, changed, witness);
}

void witness_free(struct witness *witness)
{
	for (size_t i = 0; i < witness->n; i++)
		free((void *)(uintptr_t)witness->items[i].event.payload.p);
	free(witness->items);
	*witness = (struct witness){0};
}

static int by_position(const void *a, const void *b)
{
	const struct seen *left = a, *right = b;
	return (left->event.position > right->event.position) - (left->event.position < right->event.position);
}

void witness_sort(struct witness *witness)
{
	qsort(witness->items, witness->n, sizeof *witness->items, by_position);
}

/* ---- comparing ---- */

static struct arena arena; /* Reset for each customer: a sanitizer makes fresh blocks dear. */

static int by_time(const void *a, const void *b)
{
	return event_compare(&((const struct seen *)a)->event, &((const struct seen *)b)->event);
}

/* Take an undo's target; what is undone itself undoes nothing. @mine is in the order of positions. */
static size_t undone_find(const struct seen *mine, size_t n, uint64_t *undone)
{
	size_t count = 0;
	for (size_t i = n; i-- > 0;) {
		int64_t target;
		bool dead = false;
		for (size_t u = 0; u < count; u++)
			dead |= undone[u] == mine[i].event.position;
		if (!dead && mine[i].event.header.kind == EVENT_UNDO &&
		    value_int(value_get(mine[i].event.payload, TEXT("position")), &target))
			undone[count++] = (uint64_t)target;
	}
	return count;
}

/* What was held counts when a later record of the same customer confirms its anonymousId. @mine is in the order of positions. */
static void confirmed_find(struct seen *mine, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mine[i].event.confirmed = false;
		for (size_t later = i + 1; later < n && (mine[i].event.header.flags & EVENT_HELD); later++)
			mine[i].event.confirmed |= mine[later].event.header.kind == EVENT_CONFIRM &&
			                           value_equal(value_get(mine[i].event.payload, TEXT("anonymousId")),
			                                       value_get(mine[later].event.payload, TEXT("anonymousId")));
	}
}

static bool wants(const struct fold *fold, const struct event *event)
{
	return (fold->kinds & EVENT_KIND_BIT(event->header.kind)) && (fold->takes_held || !event_is_held(event));
}

static void fold_one(const struct fold *fold, struct fold_state *state, const struct seen *mine, size_t n, const uint64_t *undone,
                     size_t undone_n, const struct config *config)
{
	struct fold_context context = {.config = config};
	size_t first = 0, left = fold->window_events_max;
	if (fold->ordered && left)
		for (first = n; first > 0 && left > 0;)
			left -= wants(fold, &mine[--first].event);
	for (size_t i = first; i < n; i++) {
		bool dead = false;
		for (size_t u = 0; u < undone_n; u++)
			dead |= undone[u] == mine[i].event.position;
		if (!dead && wants(fold, &mine[i].event))
			fold->apply(state, &mine[i].event, &context);
	}
}

static bool states_equal(struct engine *engine, struct customer *customer, struct seen *mine, size_t n)
{
	static uint8_t room[FOLD_STATE_BYTES_MAX];
	uint64_t *undone = malloc((n + 1) * sizeof *undone);
	bool equal = true;
	arena_reset(&arena);
	size_t undone_n = undone_find(mine, n, undone);
	confirmed_find(mine, n);
	qsort(mine, n, sizeof *mine, by_time);
	for (size_t f = 0; f < house_folds.n; f++) {
		const struct fold *fold = house_folds.folds[f];
		struct fold_state state = {.p = room, .capacity = fold->bytes_max};
		fold_one(fold, &state, mine, n, undone, undone_n, engine_config(engine));
		struct text have = customer_state(engine, customer, f, &arena);
		if (!text_equal(have, (struct text){(const char *)state.p, state.n})) {
			fprintf(stderr, "customer %u: state %s differs: %zu bytes, from scratch %u\n", customer->number, fold->name, have.n, state.n);
			equal = false;
		}
	}
	free(undone);
	return equal;
}

static bool histories_equal(struct engine *engine, struct customer *customer, const struct seen *mine, size_t n)
{
	struct history history;
	struct event event;
	bool more = true, equal = true;
	arena_reset(&arena);
	int error = history_start(&history, engine, customer, &arena, HISTORY_EVENTS | HISTORY_DECISIONS);
	size_t at = n;
	while (!error && equal && (error = history_next(&history, &event, &more)) == 0 && more) {
		equal = at > 0 && mine[at - 1].event.position == event.position && value_equal(mine[at - 1].event.payload, event.payload) &&
		        text_equal(mine[at - 1].event.name, event.name);
		at -= equal;
	}
	if (error || !equal || at) {
		fprintf(stderr, "customer %u: history differs (error %d, %zu of %zu left)\n", customer->number, error, at, n);
		equal = false;
	}
	return equal;
}

static bool customer_compare(struct engine *engine, struct customer *customer, struct seen *mine, size_t n)
{
	size_t events = 0;
	if (customer_refresh(engine, customer) != 0) {
		fprintf(stderr, "customer %u: cannot be folded again\n", customer->number);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		events += mine[i].event.header.kind != EVENT_DECISION;
	bool equal = histories_equal(engine, customer, mine, n);
	if (customer->events != events) {
		fprintf(stderr, "customer %u: %u events, not %zu\n", customer->number, customer->events, events);
		equal = false;
	}
	return states_equal(engine, customer, mine, n) && equal;
}

static int by_customer(const void *a, const void *b)
{
	const struct seen *left = a, *right = b;
	if (left->customer != right->customer)
		return left->customer < right->customer ? -1 : 1;
	return by_position(a, b);
}

/* Each origin's id leads to it, and it to a customer, whose number is noted. */
static bool customer_find(struct engine *engine, struct seen *seen)
{
	const struct event_header *header = &seen->event.header;
	uint32_t number = directory_find(engine_directory(engine), directory_hash_id(header->origin));
	struct customer *customer = number ? customer_lock_of(engine, number) : NULL;
	if (!customer || number != header->origin_number) {
		fprintf(stderr, "the id of origin %u leads nowhere (%u)\n", header->origin_number, number);
		if (customer)
			customer_unlock(engine, customer);
		return false;
	}
	seen->customer = customer->number;
	customer_unlock(engine, customer);
	return true;
}

static int compare(struct engine *engine, const struct witness *witness, bool whole)
{
	struct seen *all = malloc((witness->n + 1) * sizeof *all);
	int customers = 0;
	bool equal = all != NULL;
	arena_init(&arena, 256 << 20);
	for (size_t i = 0; equal && i < witness->n; i++) {
		all[i] = witness->items[i];
		equal = customer_find(engine, &all[i]);
	}
	if (equal)
		qsort(all, witness->n, sizeof *all, by_customer);
	for (size_t i = 0, end; equal && i < witness->n; i = end) {
		for (end = i; end < witness->n && all[end].customer == all[i].customer;)
			end++;
		struct customer *customer = customer_lock(engine, all[i].customer);
		customers++;
		equal = customer && customer_compare(engine, customer, &all[i], end - i);
		if (customer)
			customer_unlock(engine, customer);
	}
	free(all);
	arena_free(&arena);
	if (equal && whole && engine_figures(engine).customers != (uint64_t)customers) {
		fprintf(stderr, "%llu customers, not %d\n", (unsigned long long)engine_figures(engine).customers, customers);
		equal = false;
	}
	return equal ? customers : -1;
}

int house_compare(struct engine *engine, const struct witness *witness)
{
	return compare(engine, witness, true);
}

int house_compare_left(struct engine *engine, const struct witness *witness)
{
	return compare(engine, witness, false);
}
