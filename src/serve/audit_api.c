/* audit_api.c: GET /v1/audit: who did what to whose data, newest first; and checking that it is as it was written. */
#include "serve/api.h"
#include "serve/noted.h"

enum { ENTRIES_MAX = 1000 };

static bool question_read(struct request *request, struct audit_question *question)
{
	struct text about = http_query(request->http, "about"), what = http_query(request->http, "what");
	int64_t n, after;
	*question = (struct audit_question){0};
	if (!request_number(request, "n", 100, 1, ENTRIES_MAX, &n) || !request_number(request, "after", 0, 1, INT64_MAX, &after))
		return false;
	question->n = (size_t)n;
	question->before = (uint64_t)after;
	question->of_what = what.n > 0;
	if (what.n && !audit_what_parse(what, &question->what)) {
		reply_error(request, 400, "invalid_what", "\"what\" must be one of: "
#define X(symbol, name) " " name
		            AUDIT_WHATS(X)
#undef X
		            ".");
		return false;
	}
	question->abouts_n = about.n ? noted_abouts(request->server, about, question->abouts) : 0;
	if (about.n && question->abouts_n == 0) {
		reply_error(request, 400, "invalid_about", "\"about\" must be a customer's cid, 32 hex digits, or an identifier such as user:ana.");
		return false;
	}
	return true;
}

static void entry_take(void *arg, struct text line)
{
	json_write_raw(arg, line);
}

/* Was all of it checked since the start, when, and was it sound? */
static void checked_write(struct request *request)
{
	int64_t ms = atomic_load(&request->server->audit_checked_ms);
	json_key(&request->out, TEXT("checked"));
	if (ms == 0)
		return json_write_null(&request->out);
	json_object_begin(&request->out);
	json_put_time(&request->out, "time", ms < 0 ? -ms : ms);
	json_put_bool(&request->out, "sound", ms > 0);
	json_object_end(&request->out);
}

void api_audit(struct request *request)
{
	struct audit_question *question = arena_alloc(request->arena, sizeof *question);
	uint64_t next = 0;
	if (!question)
		return reply_failure(request, ERROR_MEMORY);
	if (!question_read(request, question))
		return;
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("entries"));
	json_array_begin(&request->out);
	int error = audit_read(request->server->audit, question, entry_take, &request->out, &next);
	if (error)
		return reply_failure(request, error);
	json_array_end(&request->out);
	json_key(&request->out, TEXT("next"));
	if (next)
		json_write_int(&request->out, (int64_t)next);
	else
		json_write_null(&request->out);
	checked_write(request);
	json_object_end(&request->out);
}

void api_audit_verify(struct request *request)
{
	struct audit_verified found;
	struct text hash = http_query(request->http, "hash");
	int error = audit_sync(request->server->audit);
	if (!error)
		error = audit_verify(&found, request->server->folder, hash.n ? hash.p : NULL);
	if (error && error != ERROR_CORRUPT)
		return reply_failure(request, error);
	atomic_store(&request->server->audit_checked_ms, error ? -request->now_ms : request->now_ms);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "sound", !error);
	json_put_int(&request->out, "entries", (int64_t)found.n);
	json_put_text(&request->out, "last", text_of(found.last));
	if (hash.n)
		json_put_bool(&request->out, "holds", found.holds);
	if (error) {
		json_put_int(&request->out, "broken", (int64_t)found.broken);
		json_put_text(&request->out, "problem", text_of(found.problem));
	}
	json_object_end(&request->out);
}
