/*
 * customer_rows.h: the rows of a span of time, a customer at a time: what questions about the whole base start from.
 *
 * Columns name origins; here they are customers as they are joined now, so merges and splits need no second thought.
 */
#ifndef ATTUNE_ENGINE_CUSTOMER_ROWS_H
#define ATTUNE_ENGINE_CUSTOMER_ROWS_H

#include "engine/engine.h"

struct customer_row {
	int64_t time_ms;
	uint32_t customer;          /* Its number. */
	uint16_t name, touchpoint;  /* Of the dictionary; touchpoint 0: none. */
	int32_t value;              /* As the house's column rule says: minor units, or a hundredth of whatever is counted. */
	uint8_t channel;
};

struct customer_rows {
	struct customer_row *items; /* By customer, then by time. */
	size_t n;
	uint32_t customers_n;       /* Numbers of customers are below this. */
};

/*
 * Take the rows with @from_ms <= time < @to_ms. The caller frees them with customer_rows_free, also after an error.
 * Errors: ERROR_LIMIT (more than @n_max), ERROR_MEMORY. Memory while it runs: 56 bytes a row. Threads: any, locks nothing.
 */
int customer_rows_take(struct customer_rows *out, struct engine *engine, int64_t from_ms, int64_t to_ms, size_t n_max) MUST_CHECK;
void customer_rows_free(struct customer_rows *rows);

/*
 * The same of one customer (the number of any of its origins), from the history: cheap, and of nobody else. Histories are read in
 * @arena. Errors: ERROR_NOT_FOUND (no such customer), ERROR_LIMIT (more than @n_max events), ERROR_MEMORY, ERROR_CORRUPT.
 */
int customer_rows_of(struct customer_rows *out, struct engine *engine, uint32_t origin, int64_t from_ms, size_t n_max, struct arena *arena) MUST_CHECK;

/* The end of the rows of the customer whose first stands at @at. */
size_t customer_rows_end(const struct customer_rows *rows, size_t at);

#endif
