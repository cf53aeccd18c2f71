/* worth.c: making and keeping the view of what customers are worth. */
#include "serve/worth.h"

#include "base/clock.h"
#include "trust/reader.h"

enum { ROWS_MAX = 100 * 1000 * 1000 };

double worth_amount(int64_t hundredths)
{
	return (double)hundredths / 10000;
}

void worth_view_give(struct worth_view *view)
{
	if (!view || atomic_fetch_sub(&view->users, 1) != 1)
		return;
	worth_free(&view->worth);
	memory_free(view);
}

/* Who agreed to be looked at, one by one. */
static void consents_read(struct worth_view *view, struct engine *engine)
{
	for (size_t i = 0; view->purpose && i < view->worth.n; i++) {
		struct worth_customer *own = &view->worth.customers[i];
		struct customer *customer = customer_lock_of(engine, own->customer);
		if (!customer)
			continue;
		own->may = customer->number == own->customer && customer_refresh(engine, customer) == 0 && customer->origin_first &&
		           reader_agrees(engine, customer, view->purpose, view->made_ms);
		customer_unlock(engine, customer);
	}
}

static int view_make(struct worth_view *view, struct engine *engine)
{
	struct customer_rows rows;
	struct worth_question question = {
		.from_ms = view->at_ms - (int64_t)WORTH_DAYS * MS_A_DAY, .to_ms = view->at_ms, .prices = price_list_of(view->config),
		.needs = needs_of(view->config), .names = engine_dictionary(engine)};
	int error = customer_rows_take(&rows, engine, question.from_ms, question.to_ms, ROWS_MAX);
	if (!error)
		error = worth_make(&view->worth, &rows, &question);
	customer_rows_free(&rows);
	if (error)
		return error;
	consents_read(view, engine);
	return worth_reciprocity(&view->worth, question.needs->n);
}

static struct worth_view *view_new(struct request *request, int64_t at_ms)
{
	struct engine *engine = request->server->engine;
	struct worth_view *view = memory_zero_alloc(1, sizeof *view);
	int error = view ? 0 : ERROR_MEMORY;
	if (view) {
		view->config = engine_config(engine);
		view->version = view->config->version;
		view->purpose = purpose_find(view->config, TEXT("analytics"));
		view->made_ms = request->now_ms;
		view->at_ms = at_ms;
		atomic_store(&view->users, 1);
		error = view_make(view, engine);
	}
	if (!error)
		return view;
	worth_view_give(view);
	reply_failure(request, error);
	return NULL;
}

struct worth_view *worth_view_take(struct request *request)
{
	struct server *server = request->server;
	int64_t at_ms;
	if (!request_time(request, "at", 0, &at_ms))
		return NULL;
	if (at_ms && request->caller.scope != KEY_SECRET) { /* Each moment is computed from everybody's rows. */
		reply_error(request, 403, "denied", "Asking for another moment needs a secret key.");
		return NULL;
	}
	if (price_list_of(engine_config(server->engine))->n == 0) {
		reply_error(request, 404, "no_prices", "There is no price list yet: write a document of kind price-list, which says what an event brings and costs.");
		return NULL;
	}
	struct worth_view **kept = &server->worth[at_ms != 0];
	pthread_mutex_lock(&server->worth_lock); /* Whoever comes meanwhile waits for the same answer. */
	struct worth_view *view = *kept;
	const struct config *config = engine_config(server->engine);
	if (!view || view->config != config || view->version != config->version || request->now_ms - view->made_ms > WORTH_KEPT_MS || (at_ms && view->at_ms != at_ms)) {
		worth_view_give(view);
		*kept = view = view_new(request, at_ms ? at_ms : request->now_ms + 1);
	}
	if (view)
		atomic_fetch_add(&view->users, 1);
	pthread_mutex_unlock(&server->worth_lock);
	return view;
}

void worth_view_forget(struct server *server)
{
	pthread_mutex_lock(&server->worth_lock);
	for (size_t i = 0; i < sizeof server->worth / sizeof *server->worth; i++) {
		worth_view_give(server->worth[i]);
		server->worth[i] = NULL;
	}
	pthread_mutex_unlock(&server->worth_lock);
}
