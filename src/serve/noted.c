/* noted.c: acts of requests and consents, for the audit log. */
#include "serve/noted.h"

#include "base/kept_file.h"
#include "trust/consent.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { WHO_BYTES = KEY_ID_BYTES + KEY_SOURCE_BYTES + 40, OPENINGS_KEPT = 1024 };

/* ---- who, and why ---- */

struct text caller_name(struct request *request)
{
	const struct caller *caller = &request->caller;
	if (caller->staff.n)
		return caller->staff;
	char *who = caller->key ? arena_alloc(request->arena, WHO_BYTES) : NULL;
	if (!who)
		return caller->scope == KEY_CUSTOMER ? TEXT("customer") : TEXT("nobody");
	int n = snprintf(who, WHO_BYTES, "key %s (%s%s)", caller->key->id, caller->key->source, caller->by_cookie ? ", console" : "");
	return (struct text){who, (size_t)n};
}

bool caller_is_company(const struct request *request)
{
	return request->caller.scope == KEY_SECRET;
}

struct text caller_reason(struct request *request)
{
	struct text reason = text_trim(http_header_of(request->http, "X-Attune-Reason"));
	if (reason.n == 0)
		reason = text_trim(http_query(request->http, "reason"));
	return text_is_utf8(reason) ? reason : (struct text){0};
}

/* ---- acts ---- */

static void about_of(const struct server *server, uint32_t origin, char about[AUDIT_ABOUT_BYTES])
{
	about[0] = 0;
	struct customer *customer = origin ? customer_lock_of(server->engine, origin) : NULL;
	if (!customer)
		return;
	struct origin_id id = customer_id(server->engine, customer);
	customer_unlock(server->engine, customer);
	audit_about(server->audit, id.bytes, sizeof id.bytes, about);
}

int noted_act(struct request *request, const struct noted *noted)
{
	char about[AUDIT_ABOUT_BYTES];
	about_of(request->server, noted->origin, about);
	return audit_note(request->server->audit, &(struct audit_act){
		.time_ms = request->now_ms, .what = noted->what, .who = caller_name(request), .about = about,
		.reason = noted->reason.n ? noted->reason : caller_reason(request), .words = noted->words, .durable = noted->durable});
}

/* The openings of late, by a hash of who, whom and what: a slot each, the newer takes it. */
static pthread_mutex_t openings_lock = PTHREAD_MUTEX_INITIALIZER; /* Taken before no other lock. */
static struct opening {
	uint64_t hash;
	int64_t time_ms;
} openings[OPENINGS_KEPT];

static bool is_again(struct request *request, uint32_t origin, const char *words)
{
	struct buffer seed = BUFFER_INIT(1024);
	struct text reason = text_cut(caller_reason(request), AUDIT_REASON_BYTES);
	buffer_format(&seed, "%u %s %.*s %.*s", origin, words, TEXT_ARGS(caller_name(request)), TEXT_ARGS(reason));
	uint64_t hash = XXH3_64bits(seed.p, seed.n);
	bool failed = seed.failed;
	buffer_free(&seed);
	struct opening *opening = &openings[hash % OPENINGS_KEPT];
	pthread_mutex_lock(&openings_lock);
	bool again = !failed && opening->hash == hash && request->now_ms - opening->time_ms < NOTED_AGAIN_MS;
	if (!again)
		*opening = (struct opening){hash, request->now_ms};
	pthread_mutex_unlock(&openings_lock);
	return again;
}

bool noted_reason_check(struct request *request)
{
	if (!caller_is_company(request) || strcmp(request->server->settings.access_reason, "ask") != 0 || caller_reason(request).n)
		return true;
	reply_error(request, 422, "no_reason", "Say why this customer is opened: in the header X-Attune-Reason or as ?reason=; it is kept in the audit log.");
	return false;
}

bool noted_opening(struct request *request, uint32_t origin, const char *words)
{
	if (!noted_reason_check(request))
		return false;
	if (caller_is_company(request) && !is_again(request, origin, words))
		noted_act(request, &(struct noted){.what = AUDIT_ACCESS, .origin = origin, .words = text_of(words)});
	return true;
}

size_t noted_abouts(struct server *server, struct text name, char abouts[AUDIT_ABOUTS_MAX][AUDIT_ABOUT_BYTES])
{
	struct origin_id id;
	size_t n = 0;
	uint32_t origin = customer_named(server, name);
	struct customer *customer = origin ? customer_lock_of(server->engine, origin) : NULL;
	if (!customer && origin_parse(name, &id))
		audit_about(server->audit, id.bytes, sizeof id.bytes, abouts[n++]);
	if (!customer)
		return n;
	for (uint32_t number = customer->origin_first; number && n < AUDIT_ABOUTS_MAX; number = engine_origin(server->engine, number)->next) {
		id = engine_origin(server->engine, number)->id;
		audit_about(server->audit, id.bytes, sizeof id.bytes, abouts[n++]);
	}
	customer_unlock(server->engine, customer);
	return n;
}

/* ---- consents, from their records ---- */

static void restriction_note(struct server *server, const struct customer *customer, const struct event *event)
{
	char about[AUDIT_ABOUT_BYTES];
	struct origin_id id = customer_id(server->engine, customer);
	audit_about(server->audit, id.bytes, sizeof id.bytes, about);
	audit_note(server->audit, &(struct audit_act){.time_ms = event->header.received_ms, .what = AUDIT_RESTRICT, .who = event->source, .about = about,
	                                              .words = value_is_true(value_get(event->payload, TEXT("restricted"))) ? TEXT("restricted") : TEXT("no longer restricted")});
}

static _Thread_local bool consents_are_quiet;

void noted_consents_quiet(bool on)
{
	consents_are_quiet = on;
}

void noted_record(struct server *server, struct engine *engine, const struct customer *customer, const struct event *event)
{
	char about[AUDIT_ABOUT_BYTES], who[DICTIONARY_NAME_BYTES_MAX + 16], words[AUDIT_WORDS_BYTES + 1];
	if (consents_are_quiet)
		return;
	if (event->header.kind == EVENT_RESTRICT)
		return restriction_note(server, customer, event);
	if (event->header.kind != EVENT_CONSENT || (event->header.flags & EVENT_IMPORTED))
		return;
	struct origin_id id = customer_id(engine, customer);
	struct text actor = value_text(value_get(event->payload, TEXT("actor")));
	struct text purpose = value_text(value_get(event->payload, TEXT("purpose"))), answer = value_text(value_get(event->payload, TEXT("answer")));
	struct text version = value_text(value_get(event->payload, TEXT("version")));
	bool own = text_equal(event->source, TEXT("customer"));
	int who_n = text_starts(actor, TEXT("agent:")) ? snprintf(who, sizeof who, "%.*s", TEXT_ARGS(text_cut(text_from(actor, 6), 100)))
	                                              : snprintf(who, sizeof who, own ? "%.*s" : "source %.*s", TEXT_ARGS(event->source));
	int n = snprintf(words, sizeof words, "%.*s to %.*s, text version %.*s%s%s", TEXT_ARGS(answer), TEXT_ARGS(text_cut(purpose, 100)),
	                 TEXT_ARGS(text_cut(version, 60)), value_text(value_get(event->payload, TEXT("evidence"))).n ? ", with evidence" : "",
	                 event->header.flags & EVENT_UNVERIFIED ? ", from a public key" : "");
	audit_about(server->audit, id.bytes, sizeof id.bytes, about);
	audit_note(server->audit, &(struct audit_act){.time_ms = event->header.received_ms, .what = AUDIT_CONSENT, .who = {who, (size_t)who_n},
	                                              .about = about, .words = {words, (size_t)n}});
}

int noted_start(struct server *server)
{
	uint8_t key[AUDIT_KEY_BYTES];
	static const struct kept_file file = {"audit-key", "entries of the audit log cannot say about whom they are", "a backup"};
	int error = kept_file_secret(server->folder, &file, key, sizeof key);
	return error ? error : audit_open(&server->audit, &(struct audit_options){.folder = server->folder, .key = key});
}
