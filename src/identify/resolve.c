/* resolve.c: deterministic matching. */
#include "identify/resolve.h"

#include "engine/matches.h"
#include "trust/reader.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { RESOLVE_ARENA_BYTES = 4 * 1024 * 1024 };

/* What is known about the identifiers of one event. Structure lock held. */
struct matching {
	struct engine *engine;
	const struct resolve_request *request;
	struct identifier identifiers[IDENTIFIERS_AN_EVENT_MAX]; /* Most believed first. */
	struct identifier_hash hashes[IDENTIFIERS_AN_EVENT_MAX];
	uint32_t origins[IDENTIFIERS_AN_EVENT_MAX];
	size_t n;
	uint32_t customers[IDENTIFIERS_AN_EVENT_MAX];            /* Distinct, ascending: the oldest first. */
	size_t customers_n;
	struct arena arena;
};

static uint32_t customer_of(struct engine *engine, uint32_t origin)
{
	return atomic_load_explicit(&engine_origin(engine, origin)->customer, memory_order_acquire);
}

uint32_t resolve_find(struct engine *engine, struct identifier identifier)
{
	struct directory *directory = engine_directory(engine);
	return directory_find(directory, directory_hash(directory, identifier.type, identifier.value));
}

/* Whose the identifiers of an event are now. @parts has room for them; *@best is the origin of the most believed one. */
static void parts_find(struct engine *engine, const struct resolve_request *request, struct match_part *parts, uint32_t *best)
{
	struct directory *directory = engine_directory(engine);
	size_t most = 0;
	*best = 0;
	for (size_t i = 0; i < request->n; i++) {
		struct identifier_hash hash = directory_hash(directory, request->identifiers[i].type, request->identifiers[i].value);
		uint32_t found = directory_find(directory, hash);
		parts[i] = (struct match_part){.hash = hash, .customer = found ? customer_of(engine, found) : 0};
		if (i == 0 || identifier_compare(&request->identifiers[i], &request->identifiers[most]) < 0) {
			most = i;
			*best = found;
		}
	}
}

/*
 * The usual cases without the structure lock: everybody is known and is one customer, or the identifiers do not fit
 * together and what comes of that was decided before.
 */
static bool resolve_known(struct engine *engine, const struct resolve_request *request, uint32_t *origin)
{
	struct match_part parts[IDENTIFIERS_AN_EVENT_MAX];
	uint32_t best;
	bool is_one = true, any = false;
	parts_find(engine, request, parts, &best);
	for (size_t i = 0; i < request->n; i++) {
		is_one &= parts[i].customer && parts[i].customer == parts[0].customer;
		any |= parts[i].customer != 0;
	}
	if (is_one)
		*origin = best;
	return is_one || (any && !request->explicit_link &&
	                  matches_find(engine_matches(engine), match_key_of(parts, request->n), origin));
}

/* Remember that the identifiers of @request do not fit together and belong to @origin. Structure lock held. */
static void resolve_remember(struct engine *engine, const struct resolve_request *request, uint32_t origin)
{
	struct match_part parts[IDENTIFIERS_AN_EVENT_MAX];
	uint32_t best;
	parts_find(engine, request, parts, &best);
	matches_note(engine_matches(engine), match_key_of(parts, request->n), origin);
}

static int compare(const void *a, const void *b)
{
	return identifier_compare(a, b);
}

static void customers_collect(struct matching *matching)
{
	matching->customers_n = 0;
	for (size_t i = 0; i < matching->n; i++) {
		if (!matching->origins[i])
			continue;
		uint32_t customer = customer_of(matching->engine, matching->origins[i]);
		size_t at = 0;
		while (at < matching->customers_n && matching->customers[at] < customer)
			at++;
		if (at < matching->customers_n && matching->customers[at] == customer)
			continue;
		memmove(&matching->customers[at + 1], &matching->customers[at],
		        (matching->customers_n - at) * sizeof *matching->customers);
		matching->customers[at] = customer;
		matching->customers_n++;
	}
}

static void matching_start(struct matching *matching, struct engine *engine, const struct resolve_request *request)
{
	matching->engine = engine;
	matching->request = request;
	matching->n = request->n;
	memcpy(matching->identifiers, request->identifiers, request->n * sizeof *request->identifiers);
	qsort(matching->identifiers, matching->n, sizeof *matching->identifiers, compare);
	size_t distinct = 0;
	for (size_t i = 0; i < matching->n; i++)
		if (distinct == 0 || identifier_compare(&matching->identifiers[i], &matching->identifiers[distinct - 1]) != 0)
			matching->identifiers[distinct++] = matching->identifiers[i];
	matching->n = distinct;
	for (size_t i = 0; i < matching->n; i++) {
		struct directory *directory = engine_directory(engine);
		matching->hashes[i] = directory_hash(directory, matching->identifiers[i].type, matching->identifiers[i].value);
		matching->origins[i] = directory_find(directory, matching->hashes[i]);
	}
	arena_init(&matching->arena, RESOLVE_ARENA_BYTES);
	customers_collect(matching);
}

static int identifiers_of(struct matching *matching, uint32_t number, struct text *state, uint32_t *origins_n)
{
	struct customer *customer = customer_lock(matching->engine, number);
	assert(customer);
	int error = customer_refresh(matching->engine, customer);
	if (!error) {
		struct text own = reader_service(matching->engine, customer, &identifier_fold);
		*state = own.n ? text_copy(&matching->arena, own) : (struct text){0};
		if (own.n && !state->p)
			error = ERROR_MEMORY; /* Not "has none": that would join two people. */
	}
	*origins_n = customer->origins_n;
	customer_unlock(matching->engine, customer);
	return error;
}

/* Would the customers and the identifiers of the event together break a limit? */
static int breaks_limit(struct matching *matching, bool *breaks)
{
	struct text states[IDENTIFIERS_AN_EVENT_MAX];
	uint32_t origins = 0, of_one;
	*breaks = false;
	for (size_t i = 0; i < matching->customers_n; i++) {
		int error = identifiers_of(matching, matching->customers[i], &states[i], &of_one);
		if (error)
			return error;
		origins += of_one;
	}
	if (origins > CUSTOMER_ORIGINS_MAX)
		*breaks = true;
	for (size_t i = 0; i < matching->n && !*breaks; i++) {
		struct text type = matching->identifiers[i].type;
		unsigned n = 0, added = 0;
		for (size_t c = 0; c < matching->customers_n; c++)
			n += identifier_count(states[c], type);
		for (size_t j = 0; j < matching->n; j++)
			added += matching->origins[j] == 0 && text_equal(matching->identifiers[j].type, type);
		*breaks = added && n + added > identifier_limit(type);
	}
	/* Joining customers brings together types that the event itself does not name. */
	for (size_t c = 0; c < matching->customers_n && matching->customers_n > 1 && !*breaks; c++) {
		struct identifier_known known;
		for (size_t at = 0; identifier_next(states[c], &at, &known) && !*breaks;) {
			unsigned n = 0;
			for (size_t other = 0; other < matching->customers_n; other++)
				n += identifier_count(states[other], known.identifier.type);
			*breaks = n > identifier_limit(known.identifier.type);
		}
	}
	return 0;
}

static void identifier_payload(struct buffer *out, struct identifier identifier, struct text because)
{
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("type"));
	value_put_text(out, identifier.type);
	value_put_key(out, TEXT("value"));
	value_put_text(out, identifier.value);
	if (because.n) {
		value_put_key(out, TEXT("because"));
		value_put_text(out, because);
	}
	value_close(out, object);
}

/* Append a record about an identifier to @origin. */
static int identifier_record(struct matching *matching, enum event_kind kind, uint32_t origin, struct identifier identifier)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = matching->request->header};
	uint64_t position;
	identifier_payload(&payload, identifier, matching->request->because);
	write.header.kind = (uint16_t)kind;
	write.header.purposes = 1;
	write.header.message_hash = 0;
	write.header.name = write.header.touchpoint = 0;
	write.payload = buffer_view(&payload);
	int error = payload.failed ? ERROR_MEMORY : 0;
	struct customer *customer = error ? NULL : customer_lock_of(matching->engine, origin);
	if (customer) {
		error = engine_append(matching->engine, customer, origin, &write, &position);
		customer_unlock(matching->engine, customer);
	}
	buffer_free(&payload);
	return error;
}

static int link_add(struct matching *matching, uint32_t origin, size_t i)
{
	int error = engine_link_reserve(matching->engine, matching->hashes[i]);
	if (!error)
		error = identifier_record(matching, EVENT_LINK, origin, matching->identifiers[i]);
	if (error)
		return error;
	engine_link(matching->engine, matching->hashes[i], origin);
	matching->origins[i] = origin;
	return 0;
}

static int join_all(struct matching *matching)
{
	struct buffer because = BUFFER_INIT(1024);
	value_put_text(&because, matching->request->because);
	int error = because.failed ? ERROR_MEMORY : 0;
	for (size_t i = 1; i < matching->customers_n && !error; i++) {
		struct engine_write write = {.header = matching->request->header, .payload = buffer_view(&because)};
		uint64_t position;
		write.header.purposes = 1;
		write.header.message_hash = 0;
		write.header.name = write.header.touchpoint = 0;
		write.header.time_ms = write.header.received_ms;
		error = engine_merge(matching->engine, matching->customers[0], matching->customers[i], &write, &position);
	}
	buffer_free(&because);
	return error;
}

/* Leave out what is believed least until the rest fits together. Structure lock held. */
static int demote(struct matching *matching, struct identifier *demoted, size_t *demoted_n)
{
	bool breaks = true;
	*demoted_n = 0;
	while (matching->n > 1 && !matching->request->explicit_link) {
		int error = breaks_limit(matching, &breaks);
		if (error)
			return error;
		if (!breaks)
			return 0;
		demoted[(*demoted_n)++] = matching->identifiers[--matching->n];
		customers_collect(matching);
	}
	return 0;
}

static int resolve_new(struct matching *matching, uint32_t *origin)
{
	struct identifier demoted[IDENTIFIERS_AN_EVENT_MAX];
	size_t demoted_n;
	int error = demote(matching, demoted, &demoted_n);
	if (!error && matching->customers_n > 1)
		error = join_all(matching);
	uint32_t home = 0;
	bool is_new = false;
	for (size_t i = 0; i < matching->n && !home; i++)
		home = matching->origins[i];
	if (!error && !home) {
		error = engine_origin_new(matching->engine, &home);
		is_new = !error;
	}
	for (size_t i = 0; i < matching->n && !error; i++)
		if (!matching->origins[i])
			error = link_add(matching, home, i);
	for (size_t i = 0; i < demoted_n && !error; i++)
		error = identifier_record(matching, EVENT_DEMOTE, home, demoted[i]);
	if (!error && demoted_n)
		resolve_remember(matching->engine, matching->request, home);
	if (!error)
		*origin = home;
	else if (is_new && engine_origin(matching->engine, home)->head == 0)
		engine_origin_return(matching->engine, home);
	return error;
}

int resolve(struct engine *engine, const struct resolve_request *request, uint32_t *origin)
{
	struct matching matching;
	if (request->n == 0)
		return ERROR_INVALID;
	assert(request->n <= IDENTIFIERS_AN_EVENT_MAX);
	if (resolve_known(engine, request, origin))
		return 0;
	engine_structure_lock(engine);
	matching_start(&matching, engine, request);
	int error = resolve_new(&matching, origin);
	engine_structure_unlock(engine);
	arena_free(&matching.arena);
	return error;
}

static void because_write(struct engine_write *write, struct buffer *out, const struct event_header *header, struct text because)
{
	value_put_text(out, because);
	*write = (struct engine_write){.header = *header, .payload = buffer_view(out)};
	write->header.purposes = 1;
}

int resolve_merge(struct engine *engine, uint32_t a, uint32_t b, const struct event_header *header, struct text because,
                  uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(4096);
	struct engine_write write;
	because_write(&write, &payload, header, because);
	engine_structure_lock(engine);
	int error = payload.failed ? ERROR_MEMORY : engine_merge(engine, a < b ? a : b, a < b ? b : a, &write, position);
	engine_structure_unlock(engine);
	buffer_free(&payload);
	return error;
}

int resolve_split(struct engine *engine, uint32_t origin, const struct event_header *header, struct text because, uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(4096);
	struct engine_write write;
	because_write(&write, &payload, header, because);
	engine_structure_lock(engine);
	int error = payload.failed ? ERROR_MEMORY : engine_split(engine, origin, &write, position);
	engine_structure_unlock(engine);
	buffer_free(&payload);
	return error;
}
