/* collect_rates.c: how much may be sent with a write key, and from one address with any of them. */
#include "serve/incoming.h"

#include "base/clock.h"
#include "serve/caller.h"
#include "serve/pace.h"

enum { BYTES_A_MIB = 1024 * 1024 };

static bool rate_reply(struct request *request, int64_t wait_ms)
{
	atomic_fetch_add_explicit(&request->server->figures.requests_paced, 1, memory_order_relaxed);
	request->retry_after_s = (wait_ms + MS_A_SECOND - 1) / MS_A_SECOND;
	reply_error(request, 429, "too_many_events", "This write key, or this address, has sent as much as it may in a minute: send the rest after the time in Retry-After.");
	return false;
}

/*
 * What a write key sends is limited, for the key and for the address that uses it: it is public, and whoever reads a page
 * has it. A batch counts by its events, all or none.
 */
bool collect_is_within_rates(struct collect *collect, size_t events)
{
	struct request *request = collect->request;
	const struct settings *settings = &request->server->settings;
	const struct key *key = request->caller.key;
	const int64_t bytes = (int64_t)request->http->body.n;
	if (request->caller.scope != KEY_WRITE)
		return true;
	const struct {
		const char *kind;
		struct text who;
		int64_t n, a_minute;
	} rates[] = {{"key-events", text_of(key->id), (int64_t)events, key->events_a_minute ? key->events_a_minute : settings->write_key_events_a_minute},
	             {"key-bytes", text_of(key->id), bytes, key->bytes_a_minute ? key->bytes_a_minute : settings->write_key_mb_a_minute * BYTES_A_MIB},
	             {"visitor-events", request_address(request), (int64_t)events, settings->visitor_events_a_minute},
	             {"visitor-bytes", request_address(request), bytes, settings->visitor_mb_a_minute * BYTES_A_MIB}};
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		int64_t wait = pace_take(request->server->pace, text_of(rates[i].kind), rates[i].who, rates[i].n, rates[i].a_minute, request_steady_ms(request));
		if (wait)
			return rate_reply(request, wait);
	}
	return true;
}

/* Reading the body of an address that may send no more would cost others as much as taking it in. */
bool collect_is_unwanted(struct request *request)
{
	const struct settings *settings = &request->server->settings;
	struct text address = request_address(request);
	int64_t now_ms = request_steady_ms(request), bytes = 0, wait;
	if (text_to_int64(http_header_of(request->http, "Content-Length"), &bytes) != 0)
		bytes = 1;
	wait = pace_look(request->server->pace, TEXT("visitor-bytes"), address, bytes, settings->visitor_mb_a_minute * BYTES_A_MIB, now_ms);
	if (wait == 0)
		wait = pace_look(request->server->pace, TEXT("visitor-events"), address, 1, settings->visitor_events_a_minute, now_ms);
	if (wait == 0)
		return false;
	request_caller(request, (struct text){0});
	if (request->caller.scope != KEY_NONE && request->caller.scope != KEY_WRITE)
		return false;
	return !rate_reply(request, wait);
}
