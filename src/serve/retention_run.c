/* retention_run.c: the thread that takes out what may not be kept any longer. */
#include "serve/retention_run.h"

#include "base/clock.h"
#include "base/report.h"
#include "base/thread.h"
#include "trust/audit.h"
#include "trust/retention.h"

#include <inttypes.h>
#include <stdio.h>

struct retention_run {
	struct server *server;
	pthread_mutex_t lock;    /* Protects all below. */
	pthread_cond_t wake;
	pthread_t thread;
	bool runs, stopping, asked;
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

/* All customers once. Returns why it stopped short, 0: it did not. */
static int run_once(struct retention_run *run, struct trimmed *trimmed)
{
	int error;
	int64_t begun = clock_now_ms();
	*trimmed = (struct trimmed){.since_ms = run->since_ms};
	if (retention_of(engine_config(run->server->engine))->n == 0)
		return 0; /* Everything may be kept. */
	do
		error = engine_trim(run->server->engine, trimmed);
	while (!error && trimmed->more && !is_stopping(run));
	if (trimmed->events)
		note(run->server, trimmed);
	if (error && error != ERROR_BUSY)
		report(REPORT_ERROR, "retention_failed", "Taking out what may not be kept any longer stopped short: %s It will be tried again.", error_sentence(error));
	if (!error && !trimmed->more)
		run->since_ms = begun;
	return error ? error : trimmed->more ? ERROR_CLOSED : 0;
}

/* Lock held, and given up meanwhile. */
static void run_now(struct retention_run *run)
{
	struct trimmed trimmed;
	int64_t begun = clock_now_ms();
	run->asked = false;
	run->figures.running = true;
	pthread_mutex_unlock(&run->lock);
	int error = run_once(run, &trimmed);
	pthread_mutex_lock(&run->lock);
	int64_t ended = clock_now_ms();
	run->figures = (struct retention_figures){.begun_ms = begun, .ended_ms = ended, .next_ms = ended + (error ? RETENTION_AGAIN_MS : RETENTION_EVERY_MS),
	                                          .customers = trimmed.customers, .events = trimmed.events, .folded = trimmed.folded, .error = error};
}

static void *thread_run(void *arg)
{
	struct retention_run *run = arg;
	thread_name_patient("retention");
	pthread_mutex_lock(&run->lock);
	while (!run->stopping) {
		int64_t left = run->figures.next_ms - clock_now_ms();
		if (run->asked || left <= 0) {
			run_now(run);
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
	pthread_cond_init(&run->wake, NULL);
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
	memory_free(run);
}

void retention_run_ask(struct retention_run *run)
{
	pthread_mutex_lock(&run->lock);
	run->asked = true;
	pthread_cond_broadcast(&run->wake);
	pthread_mutex_unlock(&run->lock);
}

struct retention_figures retention_run_figures(struct retention_run *run)
{
	pthread_mutex_lock(&run->lock);
	struct retention_figures figures = run->figures;
	figures.running |= run->asked;
	pthread_mutex_unlock(&run->lock);
	return figures;
}
