/* reader.c: the wall. */
#include "trust/reader.h"

#include "trust/consent.h"

int reader_open(struct reader *reader, struct engine *engine, struct customer *customer, struct arena *arena, uint64_t purpose)
{
	int error = customer_refresh(engine, customer);
	if (error)
		return error;
	if (customer->origin_first == 0)
		return ERROR_NOT_FOUND;
	*reader = (struct reader){.engine = engine, .config = engine_config(engine), .customer = customer, .arena = arena,
	                          .purpose = purpose};
	size_t index = fold_table_index(engine_folds(engine), &consent_fold);
	reader->consents = consent_mask(customer_state(engine, customer, index, arena), reader->config);
	return 0;
}

bool reader_may(const struct reader *reader)
{
	return reader->purpose != 0 && reader->purpose != PURPOSE_SERVICE && (reader->consents & reader->purpose) == reader->purpose;
}

static void withhold(struct reader *reader, const char *what)
{
	for (size_t i = 0; i < reader->withheld_n; i++)
		if (reader->withheld[i] == what)
			return;
	if (reader->withheld_n < READER_WITHHELD_MAX)
		reader->withheld[reader->withheld_n++] = what;
}

struct text reader_state(struct reader *reader, const struct fold *fold)
{
	if (fold->personal && !reader_may(reader)) {
		withhold(reader, fold->name);
		return (struct text){0};
	}
	size_t index = fold_table_index(engine_folds(reader->engine), fold);
	return customer_state(reader->engine, reader->customer, index, reader->arena);
}

uint64_t reader_consents(struct engine *engine, const struct customer *customer)
{
	const struct fold_table *table = engine_folds(engine);
	struct text states = {(const char *)customer->states, customer->states_bytes};
	struct text state = fold_states_get(states, table->n, fold_table_index(table, &consent_fold));
	return consent_mask(state, engine_config(engine));
}
