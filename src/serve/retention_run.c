/* retention_run.c: the thread that takes out what may not be kept any longer. */
#include "serve/retention_run.h"

#include "base/clock.h"
#include "base/report.h"
#include "base/thread.h"
#include "trust/audit.h"
#include "trust/retention.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct retention_run {
	struct server *server;
	pthread_mutex_t lock;    /* Protects all below. */
	pthread_cond_t wake;
	pthread_t thread;
	bool runs, stopping, asked, looked_at;
	const struct config *counted_with; /* Of figures.due: compared, never read. */
	int64_t since_ms;        /* The thread's own: when the last run through all customers began. */
	struct retention_figures figures;
};

static bool is_stopping(struct retention_run *run)
{
	pthread_mutex_lock(&run->lock);
	bool stopping = run->stopping;
	pthread_mutex_unlock(&run->lock);
	return stopping;
}

static void note(struct server *server, const struct trimmed *trimmed)
{
	char words[120];
	snprintf(words, sizeof words, "%" PRIu64 " events of %" PRIu64 " customers", trimmed->events, trimmed->customers);
	audit_note(server->audit, &(struct audit_act){.time_ms = clock_now_ms(), .what = AUDIT_RETENTION, .who = TEXT("system"), .words = text_of(words)});
}

/* ---- counting ---- */

static bool counting_goes_on(void *arg, uint32_t done, uint32_t of)
{
	struct retention_run *run = arg;
	pthread_mutex_lock(&run->lock);
	run->figures.doing = RETENTION_COUNTING;
	run->figures.done = done;
	run->figures.of = of;
	bool goes_on = !run->stopping;
	pthread_mutex_unlock(&run->lock);
	return goes_on;
}

/* Count what is due, and keep it for whoever looks. */
static int count(struct retention_run *run, uint64_t looked_max)
{
	struct engine *engine = run->server->engine;
	const struct retention_watch watch = {counting_goes_on, run};
	struct retention_due due = {0};
	const struct config *config;
	int error;
	do {
		config = engine_config(engine);
		error = retention_due_count(&due, engine, clock_now_ms(), looked_max, &watch);
	} while (error == ERROR_CONFLICT);
	pthread_mutex_lock(&run->lock);
	retention_due_free(&run->figures.due);
	run->figures.due = due;
	run->counted_with = config;
	run->figures.counting = run->looked_at = false;
	run->figures.doing = RETENTION_RESTING;
	pthread_mutex_unlock(&run->lock);
	return error;
}

/* ---- taking out ---- */

static void progress_note(struct retention_run *run, uint64_t done)
{
	pthread_mutex_lock(&run->lock);
	run->figures.doing = RETENTION_TAKING;
	run->figures.done = done;
	run->figures.of = done > run->figures.due.events ? done : run->figures.due.events;
	pthread_mutex_unlock(&run->lock);
}

/* All customers once. Returns why it stopped short, 0: it did not. */
static int run_once(struct retention_run *run, struct trimmed *trimmed)
{
	int64_t begun = clock_now_ms();
	*trimmed = (struct trimmed){.since_ms = run->since_ms};
	int error = count(run, UINT64_MAX);
	if (!error && retention_of(engine_config(run->server->engine))->n == 0)
		return 0; /* Everything may be kept. */
	while (!error) {
		progress_note(run, trimmed->events);
		error = engine_trim(run->server->engine, trimmed);
		if (!trimmed->more || is_stopping(run))
			break;
	}
	if (trimmed->events)
		note(run->server, trimmed);
	if (error && error != ERROR_BUSY && error != ERROR_CLOSED)
		report(REPORT_ERROR, "retention_failed", "Taking out what may not be kept any longer stopped short: %s It will be tried again.", error_sentence(error));
	if (!error && !trimmed->more)
		run->since_ms = begun;
	return error ? error : trimmed->more ? ERROR_CLOSED : 0;
}

/* What was due is what was taken; nothing of it is due any more. Lock held. */
static void figures_turn(struct retention_figures *figures)
{
	struct retention_due *due = &figures->due;
	retention_due_free(&figures->taken);
	if (figures->error)
		return retention_due_free(due); /* Some of it may be gone. */
	figures->taken = *due;
	*due = (struct retention_due){.counts = memory_zero_alloc(figures->taken.n + 1, sizeof *due->counts), .n = figures->taken.n, .whole = true, .time_ms = figures->taken.time_ms};
	if (!due->counts)
		return retention_due_free(due);
	for (size_t i = 0; i < due->n; i++)
		memcpy(due->counts[i].name, figures->taken.counts[i].name, sizeof due->counts[i].name);
}

/* Lock held, and given up meanwhile. */
static void run_now(struct retention_run *run)
{
	struct trimmed trimmed;
	struct retention_figures *figures = &run->figures;
	int64_t begun = clock_now_ms();
	run->asked = false;
	figures->running = true;
	pthread_mutex_unlock(&run->lock);
	int error = run_once(run, &trimmed);
	pthread_mutex_lock(&run->lock);
	int64_t ended = clock_now_ms();
	figures->begun_ms = begun;
	figures->ended_ms = ended;
	figures->next_ms = ended + (error ? RETENTION_AGAIN_MS : RETENTION_EVERY_MS);
	figures->customers = trimmed.customers;
	figures->events = trimmed.events;
	figures->folded = trimmed.folded;
	figures->error = error;
	figures->running = false;
	figures->doing = RETENTION_RESTING;
	figures_turn(figures);
}

/* Lock held, and given up meanwhile. */
static void count_now(struct retention_run *run)
{
	run->figures.counting = true;
	pthread_mutex_unlock(&run->lock);
	int error = count(run, RETENTION_LOOKED_MAX);
	if (error && error != ERROR_CLOSED)
		report(REPORT_ERROR, "retention_uncounted", "What may not be kept any longer could not be counted: %s", error_sentence(error));
	pthread_mutex_lock(&run->lock);
}

static void *thread_run(void *arg)
{
	struct retention_run *run = arg;
	thread_name_patient("retention", THREAD_BACKGROUND);
	pthread_mutex_lock(&run->lock);
	while (!run->stopping) {
		int64_t left = run->figures.next_ms - clock_now_ms();
		if (run->asked || left <= 0) {
			run_now(run);
			continue;
		}
		if (run->looked_at) {
			count_now(run);
			continue;
		}
		struct timespec deadline = clock_deadline((int)(left < RETENTION_EVERY_MS ? left : RETENTION_EVERY_MS));
		pthread_cond_timedwait(&run->wake, &run->lock, &deadline);
	}
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

int retention_run_start(struct retention_run **out, struct server *server)
{
	struct retention_run *run = memory_zero_alloc(1, sizeof *run);
	if (!run)
		return ERROR_MEMORY;
	run->server = server;
	run->figures.next_ms = clock_now_ms() + RETENTION_FIRST_MS;
	pthread_mutex_init(&run->lock, NULL);
	clock_condition_init(&run->wake);
	if (pthread_create(&run->thread, NULL, thread_run, run) != 0) {
		retention_run_stop(run);
		return ERROR_MEMORY;
	}
	run->runs = true;
	*out = run;
	return 0;
}

void retention_run_stop(struct retention_run *run)
{
	if (!run)
		return;
	pthread_mutex_lock(&run->lock);
	run->stopping = true;
	pthread_cond_broadcast(&run->wake);
	pthread_mutex_unlock(&run->lock);
	if (run->runs)
		pthread_join(run->thread, NULL);
	pthread_mutex_destroy(&run->lock);
	pthread_cond_destroy(&run->wake);
	retention_due_free(&run->figures.due);
	retention_due_free(&run->figures.taken);
	memory_free(run);
}

void retention_run_ask(struct retention_run *run)
{
	pthread_mutex_lock(&run->lock);
	run->asked = true;
	pthread_cond_broadcast(&run->wake);
	pthread_mutex_unlock(&run->lock);
}

void retention_run_look(struct retention_run *run)
{
	const struct config *config = engine_config(run->server->engine);
	pthread_mutex_lock(&run->lock);
	bool is_new = run->figures.due.time_ms && run->counted_with == config && clock_now_ms() - run->figures.due.time_ms < RETENTION_COUNT_EVERY_MS;
	if (!is_new && !run->figures.running && !run->figures.counting && retention_of(config)->n) {
		run->looked_at = true;
		pthread_cond_broadcast(&run->wake);
	}
	pthread_mutex_unlock(&run->lock);
}

static int due_copy(struct retention_due *due, struct arena *arena)
{
	struct retention_count *counts = arena_zero_alloc(arena, due->n + 1, sizeof *counts);
	if (counts && due->n)
		memcpy(counts, due->counts, due->n * sizeof *counts);
	due->counts = counts;
	return counts ? 0 : ERROR_MEMORY;
}

int retention_run_figures(struct retention_run *run, struct arena *arena, struct retention_figures *out)
{
	pthread_mutex_lock(&run->lock);
	struct retention_figures figures = run->figures;
	figures.running |= run->asked;
	figures.counting |= run->looked_at;
	int error = due_copy(&figures.due, arena);
	if (!error)
		error = due_copy(&figures.taken, arena);
	pthread_mutex_unlock(&run->lock);
	if (!error)
		*out = figures;
	return error;
}
