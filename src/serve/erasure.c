/* erasure.c: erasing a customer. */
#include "serve/erasure.h"

#include "base/clock.h"
#include "base/folder_search.h"
#include "base/report.h"
#include "engine/keyring.h"
#include "identify/trait.h"
#include "serve/api.h"
#include "serve/controller.h"
#include "serve/dead_letters.h"
#include "serve/noted.h"
#include "serve/signer.h"
#include "serve/standing.h"
#include "serve/worth.h"
#include "trust/erasures.h"
#include "trust/reader.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { VALUES_MAX = 400, VALUE_BYTES_MIN = 6 /* Shorter ones stand everywhere by chance. */, CERTIFICATE_BYTES_MAX = 64 * 1024 };
static const uint64_t SEARCH_BYTES_MAX = (uint64_t)16 << 30;

/* What is known of one while it goes on. */
struct erasing {
	struct server *server;
	struct arena *arena;
	struct forgetting gone;
	const uint32_t *origins;
	size_t origins_n, identifiers_n;
	const struct identifier_hash *hashes;
	struct text values[VALUES_MAX];   /* That named the customer, in the clear; none after a restart. */
	size_t values_n;
	size_t letters;
	struct folder_search search;
	bool is_shut;                     /* A sealed record was tried after the keys were destroyed. */
	bool is_resumed;
};

/* ---- certificates ---- */

static void search_write(struct json_writer *out, const struct erasing *erasing)
{
	const struct folder_search *search = &erasing->search;
	json_key(out, TEXT("search"));
	json_object_begin(out);
	json_put_int(out, "texts", (int64_t)erasing->values_n);
	json_put_int(out, "files", (int64_t)search->files);
	json_put_int(out, "bytes", (int64_t)search->bytes);
	json_put_bool(out, "whole", search->is_whole && !erasing->is_resumed);
	json_put_int(out, "found_in_files", (int64_t)search->found);
	if (search->found)
		json_put_text(out, "found_in", text_of(search->where));
	json_object_end(out);
}

/* What is signed. */
static void statement_write(struct buffer *out, const struct erasing *erasing, const struct erasure *erasure, struct text who, struct text because)
{
	struct json_writer json = JSON_WRITER(out);
	const int64_t now_ms = clock_now_ms();
	json_object_begin(&json);
	json_put_text(&json, "erasure", text_of(erasure->id));
	json_put_time(&json, "begun", erasure->begun_ms);
	json_put_time(&json, "done", now_ms);
	json_put_text(&json, "by", who);
	json_put_text(&json, "because", because);
	controller_put(&json, controller_of(engine_config(erasing->server->engine)));
	json_put_bool(&json, "finished_by_a_start", erasing->is_resumed);
	json_put_int(&json, "histories", (int64_t)erasing->origins_n);
	if (!erasing->is_resumed) {
		json_put_int(&json, "identifiers", (int64_t)erasing->identifiers_n);
		json_put_int(&json, "events", (int64_t)erasing->gone.events);
		json_put_int(&json, "decisions", (int64_t)erasing->gone.decisions);
	}
	json_put_int(&json, "keys_destroyed", (int64_t)erasing->origins_n);
	if (erasing->gone.sealed_at)
		json_put_bool(&json, "a_record_was_tried_and_cannot_be_opened", erasing->is_shut);
	json_put_int(&json, "refused_events", (int64_t)erasing->letters);
	json_put_int(&json, "open_records_left_in_the_log", (int64_t)erasing->gone.unsealed);
	search_write(&json, erasing);
	json_put_time(&json, "unrecoverable_by", now_ms + (int64_t)ERASURE_COPY_DAYS * MS_A_DAY);
	json_put_text(&json, "kept", TEXT("This certificate, and for 30 days keyed hashes of the identifiers, so that what comes late stays erased."));
	json_object_end(&json);
}

void erasure_sign(const struct signer *signer, struct text statement, struct buffer *out)
{
	struct json_writer json = JSON_WRITER(out);
	uint8_t signature[SIGNER_SIGNATURE_BYTES];
	char text[sodium_base64_ENCODED_LEN(SIGNER_SIGNATURE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	signer_sign(signer, statement, signature);
	json_object_begin(&json);
	json_put_text(&json, "statement", statement); /* As a text, so that the bytes that were signed are beyond doubt. */
	sodium_bin2base64(text, sizeof text, signature, sizeof signature, sodium_base64_VARIANT_ORIGINAL);
	json_put_text(&json, "signature", text_of(text));
	json_put_text(&json, "key", signer_key(signer));
	json_put_text(&json, "signed_with", TEXT("Ed25519"));
	json_object_end(&json);
}

/* ---- finding ---- */

static void value_add(struct erasing *erasing, struct text value)
{
	struct text copy = value.n >= VALUE_BYTES_MIN && erasing->values_n < VALUES_MAX ? text_copy(erasing->arena, value) : (struct text){0};
	if (copy.n)
		erasing->values[erasing->values_n++] = copy;
}

/* The texts that name the customer: identifiers, and what was stated. */
static int values_find(struct erasing *erasing, uint32_t origin)
{
	struct reader reader;
	struct identifier_known known;
	struct latest trait;
	struct customer *customer = customer_lock_of(erasing->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = reader_open(&reader, erasing->server->engine, customer, erasing->arena, PURPOSE_OWN, clock_now_ms());
	if (error == ERROR_DAMAGED) { /* Their key is damaged: what they were called cannot be read, and is erased all the same. */
		customer_unlock(erasing->server->engine, customer);
		return 0;
	}
	struct text identifiers = error ? (struct text){0} : reader_state(&reader, &identifier_fold);
	struct text traits = error ? (struct text){0} : reader_state(&reader, &trait_fold);
	customer_unlock(erasing->server->engine, customer);
	for (size_t at = 0; identifier_next(identifiers, &at, &known);)
		value_add(erasing, known.identifier.value);
	for (size_t at = 0; latest_next(traits, &at, &trait);)
		value_add(erasing, value_text(trait.value));
	return error;
}

/* Is @named an identifier of who is being erased? It is normalised already. */
static bool is_about(void *arg, struct identifier named)
{
	const struct erasing *erasing = arg;
	struct identifier_hash hash = directory_hash(engine_directory(erasing->server->engine), named.type, named.value);
	for (size_t i = 0; i < erasing->identifiers_n; i++)
		if (erasing->hashes[i].high == hash.high && erasing->hashes[i].low == hash.low)
			return true;
	return false;
}

/* ---- the steps that may be repeated ---- */

static int take_out(struct erasing *erasing)
{
	struct server *server = erasing->server;
	int error = keyring_destroy(engine_keyring(server->engine), erasing->origins, erasing->origins_n);
	if (!error)
		error = engine_forget_stored(server->engine, erasing->origins, erasing->origins_n);
	if (!error)
		error = dead_letters_forget(server->dead_letters, is_about, erasing, &erasing->letters);
	return error;
}

/* Look for what named the customer in all files but those of the company's own words. */
static int search(struct erasing *erasing)
{
	static const char *const spared[] = {"configuration/", "attune.conf", NULL};
	struct event event;
	if (erasing->gone.sealed_at)
		erasing->is_shut = engine_event(erasing->server->engine, erasing->gone.sealed_at, erasing->arena, &event) == ERROR_NOT_FOUND;
	return folder_search(&erasing->search, erasing->server->folder, spared, erasing->values, erasing->values_n, SEARCH_BYTES_MAX);
}

static int certify(struct erasing *erasing, const struct erasure *erasure, struct text who, struct text because, struct buffer *out)
{
	struct buffer statement = BUFFER_INIT(CERTIFICATE_BYTES_MAX), certificate = BUFFER_INIT(2 * CERTIFICATE_BYTES_MAX);
	statement_write(&statement, erasing, erasure, who, because);
	erasure_sign(erasing->server->signer, buffer_view(&statement), &certificate);
	int error = statement.failed || certificate.failed ? ERROR_MEMORY : 0;
	if (!error)
		error = erasures_done(erasing->server->erasures, erasure->id, buffer_view(&certificate));
	if (!error && out)
		buffer_text(out, buffer_view(&certificate));
	buffer_free(&statement);
	buffer_free(&certificate);
	return error;
}

static int finish(struct erasing *erasing, const char *id, struct text who, struct text because, struct buffer *out)
{
	struct erasure erasure;
	int error = take_out(erasing);
	if (!error)
		error = search(erasing);
	if (!error && !erasures_find(erasing->server->erasures, text_of(id), &erasure))
		error = ERROR_NOT_FOUND;
	if (!error && erasing->search.found)
		report(REPORT_ERROR, "erasure_incomplete", "Erasure %s: something of the customer still stands in the file %s of the data folder.", id,
		       erasing->search.where);
	return error ? error : certify(erasing, &erasure, who, because, out);
}

/* ---- one erasure ---- */

/* One begins at a time, before all locks of the engine: of two who ask for the same customer the second finds nobody, and the
 * register has no entry that nobody finishes. */
static pthread_mutex_t begin_lock = PTHREAD_MUTEX_INITIALIZER;

static int begin(struct erasing *erasing, uint32_t origin, char id[ERASURE_ID_BYTES])
{
	struct server *server = erasing->server;
	struct forgetting found;
	int error = values_find(erasing, origin);
	if (!error)
		error = engine_forgetting(server->engine, origin, erasing->arena, &found);
	if (!error)
		error = erasures_begin(server->erasures, clock_now_ms(), found.origins, found.origins_n, found.hashes, found.hashes_n, id);
	/* Who grew meanwhile by another identifier or history is forgotten whole; the register gets a second entry for the rest. */
	if (!error)
		error = engine_forget(server->engine, origin, erasing->arena, &erasing->gone);
	if (!error && (erasing->gone.origins_n > found.origins_n || erasing->gone.hashes_n > found.hashes_n))
		error = erasures_begin(server->erasures, clock_now_ms(), erasing->gone.origins, erasing->gone.origins_n, erasing->gone.hashes,
		                       erasing->gone.hashes_n, id);
	if (error)
		return error;
	erasing->gone.sealed_at = found.sealed_at;
	erasing->gone.unsealed = found.unsealed;
	erasing->origins = erasing->gone.origins;
	erasing->origins_n = erasing->gone.origins_n;
	erasing->hashes = erasing->gone.hashes;
	erasing->identifiers_n = erasing->gone.hashes_n;
	return 0;
}

int erasure_run(struct server *server, struct arena *arena, uint32_t origin, struct text who, struct text because, struct buffer *out)
{
	char id[ERASURE_ID_BYTES];
	struct erasing *erasing = arena_zero_alloc(arena, 1, sizeof *erasing);
	if (!erasing)
		return ERROR_MEMORY;
	erasing->server = server;
	erasing->arena = arena;
	pthread_mutex_lock(&begin_lock);
	int error = begin(erasing, origin, id);
	pthread_mutex_unlock(&begin_lock);
	if (!error)
		error = finish(erasing, id, who, because, out);
	worth_view_forget(server);
	standing_forget(server);
	return error;
}

/* ---- at a start ---- */

static int resume_one(struct server *server, struct arena *arena, const struct erasure *erasure)
{
	struct erasing *erasing = arena_zero_alloc(arena, 1, sizeof *erasing);
	if (!erasing)
		return ERROR_MEMORY;
	erasing->server = server;
	erasing->arena = arena;
	erasing->origins = erasure->origins;
	erasing->origins_n = erasure->origins_n;
	erasing->hashes = erasures_hashes(server->erasures, erasure->id, &erasing->identifiers_n);
	erasing->is_resumed = true;
	report(REPORT_WARNING, "erasure_resumed", "Erasure %s is finished now, before anybody is served.", erasure->id);
	if (!erasure->done)
		return finish(erasing, erasure->id, TEXT("the server"), TEXT("begun before the last stop"), NULL);
	return take_out(erasing);
}

int erasure_resume(struct server *server)
{
	struct arena arena;
	struct erasure erasure;
	int error = 0;
	bool came_back = engine_found_forgotten(server->engine);
	arena_init(&arena, (size_t)256 << 20);
	for (size_t i = 0; !error && erasures_get(server->erasures, i, &erasure); i++)
		if (!erasure.done || came_back)
			error = resume_one(server, &arena, &erasure);
	arena_free(&arena);
	return error;
}

/* ---- the answers ---- */

int erasure_act(struct request *request, uint32_t origin, struct text because, struct buffer *certificate)
{
	const bool own = request->caller.scope == KEY_CUSTOMER;
	int error = noted_act(request, &(struct noted){.what = AUDIT_ERASE, .origin = origin, .reason = because, .words = TEXT("begins"), .durable = true});
	if (!error)
		error = erasure_run(request->server, request->arena, origin, caller_name(request),
		                    because.n ? because : own ? TEXT("the customer asked") : TEXT("not said"), certificate);
	if (!error)
		audit_note(request->server->audit, &(struct audit_act){.time_ms = request->now_ms, .what = AUDIT_ERASE, .who = caller_name(request), .words = TEXT("done"), .durable = true});
	return error;
}

void api_erase(struct request *request)
{
	struct text because = http_query(request->http, "because");
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin)
		return;
	if (because.n > 500)
		return reply_error(request, 400, "too_long", "\"because\" has at most 500 bytes.");
	if (because.n == 0 && !noted_reason_check(request))
		return;
	int error = erasure_act(request, origin, because, &request->http->out);
	if (error)
		reply_failure(request, error);
}

void api_erasures(struct request *request)
{
	struct erasure erasure;
	struct json_writer *out = &request->out;
	size_t n = erasures_count(request->server->erasures);
	json_object_begin(out);
	json_key(out, TEXT("erasures"));
	json_array_begin(out);
	for (size_t i = 0; i < n && i < 1000 && erasures_get(request->server->erasures, n - 1 - i, &erasure); i++) {
		json_object_begin(out);
		json_put_text(out, "erasure", text_of(erasure.id));
		json_put_time(out, "begun", erasure.begun_ms);
		json_put_bool(out, "done", erasure.done);
		json_object_end(out);
	}
	json_array_end(out);
	json_put_int(out, "count", (int64_t)n);
	json_object_end(out);
}

void api_erasure(struct request *request)
{
	struct erasure erasure;
	if (!erasures_find(request->server->erasures, request->parameters[0], &erasure))
		return reply_error(request, 404, "no_erasure", "There is no such erasure.");
	if (!erasure.done)
		return reply_error(request, 409, "not_done", "This erasure has begun and is not done: ask again shortly.");
	json_write_raw(&request->out, erasure.certificate);
}

void api_certificate_key(struct request *request)
{
	char pem[SIGNER_PEM_BYTES];
	buffer_text(&request->http->out, signer_pem(request->server->signer, pem));
	request->http->type = "application/x-pem-file";
}
