/* reader.c: the wall. */
#include "trust/reader.h"

#include "trust/consent.h"

#include <assert.h>

static struct text state_of(struct engine *engine, const struct customer *customer, const struct fold *fold)
{
	const struct fold_table *table = engine_folds(engine);
	struct text states = {(const char *)customer->states, customer->states_bytes};
	return fold_states_get(states, table->n, fold_table_index(table, fold));
}

int reader_open(struct reader *reader, struct engine *engine, struct customer *customer, struct arena *arena, uint64_t purpose,
                int64_t now_ms)
{
	int error = customer_refresh(engine, customer);
	if (error)
		return error;
	if (customer->origin_first == 0)
		return ERROR_NOT_FOUND;
	return reader_open_then(reader, engine, customer, engine_config(engine), arena, purpose, now_ms);
}

int reader_open_then(struct reader *reader, struct engine *engine, struct customer *customer, const struct config *config,
                     struct arena *arena, uint64_t purpose, int64_t now_ms)
{
	struct text state = state_of(engine, customer, &consent_fold);
	*reader = (struct reader){.engine = engine, .config = config, .customer = customer, .arena = arena, .purpose = purpose,
	                          .consents = consent_mask(state, config, now_ms), .now_ms = now_ms,
	                          .restricted = consent_is_restricted(state, NULL)};
	return 0;
}

bool reader_may(const struct reader *reader)
{
	return reader->purpose != 0 && reader->purpose != PURPOSE_SERVICE && (reader->consents & reader->purpose) == reader->purpose;
}

/* May the state of @fold be used for all of @purpose? */
static bool serves(const struct fold *fold, const struct config *config, uint64_t purpose)
{
	return (purpose & ~fold->purposes(config)) == 0;
}

static void withhold(struct reader *reader, const char *what)
{
	for (size_t i = 0; i < reader->withheld_n; i++)
		if (reader->withheld[i] == what)
			return;
	if (reader->withheld_n < READER_WITHHELD_MAX)
		reader->withheld[reader->withheld_n++] = what;
}

/* Take out of @state what may not be used for @purpose; true: something went. */
static bool limit(const struct fold *fold, struct text *state, const struct config *config, uint64_t purpose)
{
	struct fold_state copy = {(uint8_t *)(uintptr_t)state->p, (uint32_t)state->n, (uint32_t)state->n};
	bool cut = fold->limit && state->n && fold->limit(&copy, config, purpose);
	state->n = copy.n;
	return cut;
}

struct text reader_state(struct reader *reader, const struct fold *fold)
{
	if (fold->purposes && !(reader_may(reader) && serves(fold, reader->config, reader->purpose))) {
		withhold(reader, fold->name);
		return (struct text){0};
	}
	size_t index = fold_table_index(engine_folds(reader->engine), fold);
	struct text copy = customer_state(reader->engine, reader->customer, index, reader->arena);
	if (limit(fold, &copy, reader->config, reader->purpose == PURPOSE_OWN || reader_may(reader) ? reader->purpose : PURPOSE_SERVICE))
		withhold(reader, fold->name);
	return copy;
}

uint64_t reader_consents(struct engine *engine, const struct customer *customer, int64_t now_ms)
{
	return consent_mask(state_of(engine, customer, &consent_fold), engine_config(engine), now_ms);
}

bool reader_agrees(struct engine *engine, const struct customer *customer, const struct purpose *purpose, int64_t now_ms)
{
	return purpose && (reader_consents(engine, customer, now_ms) & purpose->mask) != 0;
}

struct text reader_service(struct engine *engine, const struct customer *customer, const struct fold *fold)
{
	assert(!fold->purposes);
	return state_of(engine, customer, fold);
}

static bool may_learned(struct engine *engine, const struct customer *customer, const struct fold *fold, uint64_t purpose, int64_t now_ms)
{
	return purpose && purpose != PURPOSE_SERVICE && serves(fold, engine_config(engine), purpose) &&
	       (reader_consents(engine, customer, now_ms) & purpose) == purpose;
}

struct text reader_learned(struct engine *engine, const struct customer *customer, const struct fold *fold, uint64_t purpose, int64_t now_ms)
{
	return may_learned(engine, customer, fold, purpose, now_ms) ? state_of(engine, customer, fold) : (struct text){0};
}

bool reader_is_withheld(struct engine *engine, const struct customer *customer, const struct fold *fold, uint64_t purpose, int64_t now_ms)
{
	return !may_learned(engine, customer, fold, purpose, now_ms) && state_of(engine, customer, fold).n > 0;
}
