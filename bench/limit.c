/*
 * limit.c: the most that collecting could ever reach with the same parts: libmicrohttpd, simdjson and the log, and nothing
 * of what makes it a product: no keys, no customers, no folds, no de-duplication.
 *
 * usage: bench_limit FOLDER PORT     Answers POST /v1/track and /v1/batch when the events are durable.
 */
#include "base/clock.h"
#include "base/json.h"
#include "log/log.h"
#include "serve/http.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2, BODY_BYTES = 512 * 1024 };

struct waiting {
	struct log_waiter waiter;
	struct http_exchange *exchange;
};

static struct log *limit_log;

static void durable(struct log_waiter *waiter, int error)
{
	struct waiting *waiting = (struct waiting *)((char *)waiter - offsetof(struct waiting, waiter));
	(void)error;
	http_resume(waiting->exchange);
}

static void paused(struct http_exchange *exchange)
{
	struct waiting *waiting = exchange->user;
	log_when_durable(limit_log, &waiting->waiter);
}

/* Append each event's share of the body as one entry. */
static int append_all(struct text body, struct json root, uint64_t *position)
{
	size_t n = json_count(json_get(root, TEXT("batch")));
	size_t each = n ? body.n / n : body.n;
	n = n ? n : 1;
	for (size_t i = 0; i < n; i++) {
		struct text part = {body.p + i * each, each};
		if (log_append(limit_log, &part, 1, position) != 0)
			return ERROR_BUSY;
	}
	return 0;
}

static enum http_next handle(void *arg, struct http_exchange *exchange)
{
	static _Thread_local struct json_parser *parser;
	struct waiting *waiting = arena_zero_alloc(&exchange->arena, 1, sizeof *waiting);
	struct json root;
	(void)arg;
	if (!parser)
		parser = json_parser_new(BODY_BYTES, 24);
	if (!parser || !waiting || json_parse(parser, exchange->body, &root) != 0 ||
	    append_all(exchange->body, root, &waiting->waiter.position) != 0) {
		exchange->status = 429;
		return HTTP_REPLY;
	}
	exchange->fixed = TEXT("{\"success\":true}");
	exchange->user = waiting;
	exchange->paused = paused;
	waiting->exchange = exchange;
	waiting->waiter.call = durable;
	return HTTP_PAUSE;
}

static void nothing(void *arg, struct http_exchange *exchange)
{
	(void)arg;
	(void)exchange;
}

int main(int argc, char **argv)
{
	struct http *http;
	sigset_t signals;
	int signal_number;
	if (argc != 3)
		return 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	struct log_options log = {.folder = argv[1]};
	struct http_options options = {.address = "127.0.0.1", .port = (uint16_t)atoi(argv[2]), .threads = THREADS, .connections_max = 1000,
	                               .timeout_s = 20, .body_bytes_max = BODY_BYTES, .handle = handle, .refused = nothing, .done = nothing};
	if (log_open(&limit_log, &log, 0) != 0 || http_start(&http, &options) != 0)
		return 1;
	puts("ready");
	fflush(stdout);
	sigwait(&signals, &signal_number);
	http_stop(http);
	log_close(limit_log);
	return 0;
}
