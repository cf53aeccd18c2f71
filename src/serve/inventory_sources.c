/* inventory_sources.c: senders and the customers they share. */
#include "serve/inventory_sources.h"

#include "serve/behind.h"

#include "trust/reader.h"

enum { SOURCES_MAX = 64 };

struct sources {
	struct engine *engine;
	uint32_t numbers[SOURCES_MAX]; /* In the dictionary. */
	size_t n;
	uint32_t customers[SOURCES_MAX], shared[SOURCES_MAX][SOURCES_MAX];
};

/* Its place among those seen so far; beyond SOURCES_MAX they are not told apart: SOURCES_MAX. */
static size_t place_of(struct sources *sources, uint32_t number)
{
	size_t i = 0;
	while (i < sources->n && sources->numbers[i] != number)
		i++;
	if (i == sources->n && i < SOURCES_MAX)
		sources->numbers[sources->n++] = number;
	return i;
}

static bool customer_take(void *arg, struct customer *customer)
{
	struct sources *sources = arg;
	struct identifier_known known;
	uint64_t of = 0;
	if (customer_refresh(sources->engine, customer) != 0 || customer->origin_first == 0 || customer_is_set_aside(sources->engine, customer->number))
		return true;
	struct text state = reader_service(sources->engine, customer, &identifier_fold);
	for (size_t at = 0; identifier_next(state, &at, &known);) {
		size_t place = known.source ? place_of(sources, known.source) : SOURCES_MAX;
		of |= place < SOURCES_MAX ? (uint64_t)1 << place : 0;
	}
	for (size_t a = 0; a < sources->n; a++)
		for (size_t b = a; of >> a & 1 && b < sources->n; b++) {
			sources->customers[a] += a == b;
			sources->shared[a][b] += a != b && (of >> b & 1);
		}
	return true;
}

static void pair_write(struct json_writer *out, const struct sources *sources, size_t a, size_t b)
{
	struct dictionary *dictionary = engine_dictionary(sources->engine);
	uint32_t both = sources->shared[a][b];
	if (text_compare(dictionary_name(dictionary, sources->numbers[a]), dictionary_name(dictionary, sources->numbers[b])) > 0) {
		size_t swap = a;
		a = b;
		b = swap;
	}
	json_object_begin(out);
	json_put_text(out, "one", dictionary_name(dictionary, sources->numbers[a]));
	json_put_text(out, "other", dictionary_name(dictionary, sources->numbers[b]));
	json_put_int(out, "customers", both);
	json_put_int(out, "of_one", sources->customers[a]);
	json_put_int(out, "of_other", sources->customers[b]);
	json_object_end(out);
}

int inventory_sources_write(struct request *request)
{
	struct sources *sources = arena_zero_alloc(request->arena, 1, sizeof *sources);
	uint32_t after = 0;
	if (!sources)
		return ERROR_MEMORY;
	sources->engine = request->server->engine;
	engine_each_customer(sources->engine, &after, SIZE_MAX, customer_take, sources);
	json_key(&request->out, TEXT("sources"));
	json_array_begin(&request->out);
	for (size_t a = 0; a < sources->n; a++)
		for (size_t b = a + 1; b < sources->n; b++)
			if (sources->shared[a][b] && behind_may_show(request, sources->shared[a][b]))
				pair_write(&request->out, sources, a, b);
	json_array_end(&request->out);
	return 0;
}
