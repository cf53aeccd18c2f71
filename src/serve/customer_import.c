/*
 * customer_import.c: POST /v1/customers/import: a customer's copy, made by another server, is taken in; GET …/digest: one hash that says whether
 * two servers hold the same of a customer.
 *
 * The copy is checked whole before the first record is written. Who was erased here stays erased unless the caller says that this is meant.
 */
#include "serve/api.h"
#include "serve/copy_read.h"
#include "serve/noted.h"

#include "base/clock.h"
#include "engine/dedupe.h"
#include "engine/digest.h"
#include "trust/erasures.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_BYTES_MAX = 64 * 1024 * 1024, DIGEST_HEX = 2 * DIGEST_BYTES + 1 };

static pthread_mutex_t import_lock = PTHREAD_MUTEX_INITIALIZER; /* One at a time. Taken before all other locks. */

/* ---- the digest ---- */

int digest_of(struct server *server, uint32_t origin, struct digest *digest, char hex[DIGEST_HEX])
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	arena_init(&arena, DIGEST_BYTES_MAX);
	int error = customer_digest(server->engine, origin, &arena, digest);
	if (!error)
		sodium_bin2hex(hex, DIGEST_HEX, digest->hash, DIGEST_BYTES);
	return error;
}

void api_digest(struct request *request)
{
	struct digest digest;
	char hex[DIGEST_HEX];
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin)
		return;
	int error = digest_of(request->server, origin, &digest, hex);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_put_text(&request->out, "digest", text_of(hex));
	json_put_int(&request->out, "records", (int64_t)digest.records);
	json_put_bool(&request->out, "states_agree", digest.states_agree);
	json_object_end(&request->out);
}

/* ---- who was erased ---- */

/* An id that was erased here is nobody's for ever: the history gets another, the same whenever it comes again. */
static void ids_renew(struct engine *engine, struct copy_read *copy)
{
	static const uint8_t again[] = "again";
	for (size_t i = 0; i < copy->adoption.histories_n; i++)
		while (engine_history_is_erased(engine, copy->ids[i]))
			crypto_generichash(copy->ids[i].bytes, sizeof copy->ids[i].bytes, copy->ids[i].bytes, sizeof copy->ids[i].bytes, again, sizeof again);
}

static bool is_suppressed(struct server *server, const struct adoption *adoption, int64_t now_ms)
{
	for (size_t i = 0; erasures_any(server->erasures) && i < adoption->records_n; i++) {
		const struct adopt_record *record = &adoption->records[i];
		const struct value payload = {(const uint8_t *)record->payload.p, record->payload.n};
		if (record->header.kind == EVENT_LINK &&
		    erasures_suppress(server->erasures, directory_hash(engine_directory(server->engine), value_text(value_get(payload, TEXT("type"))),
		                                                       value_text(value_get(payload, TEXT("value")))), 0, now_ms))
			return true;
	}
	return false;
}

/* May it be taken in beside who is here? False: why not is answered. */
static bool place_check(struct request *request, struct copy_read *copy)
{
	struct adopt_found found;
	struct server *server = request->server;
	const bool meant = text_equal(http_query(request->http, "erased"), TEXT("again"));
	engine_adopt_look(server->engine, &copy->adoption, &found);
	if (!meant && (found.erased || (!found.histories && is_suppressed(server, &copy->adoption, request->now_ms)))) {
		reply_error(request, 409, "erased", "This customer was erased here. If they want to be known again, say so: ?erased=again (attune import --erased-again).");
		return false;
	}
	ids_renew(server->engine, copy);
	engine_adopt_look(server->engine, &copy->adoption, &found);
	if (!found.is_other)
		return true;
	reply_error(request, 409, "known_here", "Somebody is known here by an identifier of this copy and has another history: a copy is taken in where the customer is not known.");
	return false;
}

/* ---- taking in ---- */

/* What a sender repeats within a day is a duplicate here as well. */
static void messages_note(struct request *request, const struct adoption *adoption)
{
	bool seen;
	const int64_t ahead_ms = engine_receipt_ms(request->server->engine, request->now_ms) - request->now_ms;
	for (size_t i = 0; i < adoption->records_n; i++) {
		const struct event_header *header = &adoption->records[i].header;
		if (header->message_hash && header->received_ms > request->now_ms - (int64_t)DEDUPE_HOURS * MS_AN_HOUR &&
		    dedupe_note(engine_dedupe(request->server->engine), header->message_hash, header->received_ms + ahead_ms, &seen) != 0)
			return; /* Without memory: they are in the log, and the next start knows them. */
	}
}

static void answer(struct request *request, const struct copy_read *copy, const struct adopted *adopted)
{
	struct json_writer *out = &request->out;
	struct digest digest;
	char hex[DIGEST_HEX], cid[33];
	int error = digest_of(request->server, adopted->origin, &digest, hex);
	struct customer *customer = error ? NULL : customer_lock_of(request->server->engine, adopted->origin);
	if (!customer)
		return reply_failure(request, error ? error : ERROR_NOT_FOUND);
	origin_format(cid, customer_id(request->server->engine, customer));
	customer_unlock(request->server->engine, customer);
	json_object_begin(out);
	json_put_text(out, "cid", text_of(cid));
	json_put_int(out, "added", (int64_t)adopted->added);
	json_put_int(out, "already", (int64_t)adopted->already);
	json_put_int(out, "left_out", (int64_t)adopted->left_out);
	json_put_text(out, "signature", copy->is_trusted ? TEXT("of the key that was given") : TEXT("of its own key"));
	json_put_text(out, "digest", text_of(hex));
	json_key(out, TEXT("same"));
	if (*copy->digest)
		json_write_bool(out, strcmp(copy->digest, hex) == 0);
	else
		json_write_null(out);
	json_object_end(out);
}

static int note(struct request *request, uint32_t origin, const char *format, uint64_t a, uint64_t b)
{
	char words[120];
	int n = snprintf(words, sizeof words, format, a, b);
	return noted_act(request, &(struct noted){.what = AUDIT_IMPORT, .origin = origin, .words = {words, (size_t)n}, .durable = true});
}

static void take_in(struct request *request, struct copy_read *copy)
{
	struct adopted adopted;
	int error = note(request, 0, "begins: a copy of %" PRIu64 " records in %" PRIu64 " histories", copy->adoption.records_n, copy->adoption.histories_n);
	if (error)
		return reply_failure(request, error);
	noted_consents_quiet(true); /* They are one entry. */
	error = engine_adopt(request->server->engine, &copy->adoption, request->arena, &adopted);
	noted_consents_quiet(false);
	if (error && adopted.added)
		return reply_error(request, 503, "unfinished", "%" PRIu64 " records were taken in, then the server could not go on: %s Send the copy again; what is here is not added twice.",
		                   adopted.added, error_sentence(error));
	if (error)
		return reply_failure(request, error);
	messages_note(request, &copy->adoption);
	request->wait_for = adopted.position > request->wait_for ? adopted.position : request->wait_for;
	note(request, adopted.origin, "done: %" PRIu64 " records added, %" PRIu64 " were here", adopted.added, adopted.already);
	answer(request, copy, &adopted);
}

void api_customer_import(struct request *request)
{
	struct copy_read *copy = arena_alloc(request->arena, sizeof *copy);
	if (!copy)
		return reply_failure(request, ERROR_MEMORY);
	if (!noted_reason_check(request))
		return;
	pthread_mutex_lock(&import_lock);
	if (copy_read(copy, request, http_query(request->http, "signed_by")) && place_check(request, copy))
		take_in(request, copy);
	copy_read_free(copy);
	pthread_mutex_unlock(&import_lock);
}
