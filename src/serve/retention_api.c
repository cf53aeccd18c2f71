/* retention_api.c: GET /v1/retention: how long what is kept, what is due, and what was taken out; POST: take it out now. */
#include "serve/api.h"
#include "serve/noted.h"
#include "serve/retention_run.h"

#include "trust/retention.h"

/* How many records of @rule; null when it was not counted. */
static void count_write(struct json_writer *out, const char *key, const struct retention_due *due, const struct retention_rule *rule)
{
	const struct retention_count *found = retention_due_of(due, rule->name);
	json_key(out, text_of(key));
	if (found)
		json_write_int(out, (int64_t)found->events);
	else
		json_write_null(out);
}

static void rule_write(struct request *request, const struct retention_rule *rule, const struct retention_figures *figures)
{
	struct json_writer *out = &request->out;
	const struct config_document *document = config_find(engine_config(request->server->engine), TEXT("retention"), rule->name);
	static const char *const lists[] = {"of", "events", "purposes", "for"};
	json_object_begin(out);
	json_put_text(out, "retention", rule->name);
	json_put_text(out, "title", rule->title);
	for (size_t i = 0; document && i < sizeof lists / sizeof *lists; i++) {
		struct value list = value_get(document->body, text_of(lists[i]));
		if (value_type_of(list) == VALUE_ABSENT)
			continue;
		json_key(out, text_of(lists[i]));
		value_write_json(out, list);
	}
	json_put_text(out, "keep", document ? value_text(value_get(document->body, TEXT("keep"))) : (struct text){0});
	json_put_int(out, "keep_ms", rule->keep_ms);
	json_put_text(out, "basis", rule->basis);
	json_put_text(out, "law", rule->law);
	count_write(out, "due", &figures->due, rule);
	count_write(out, "taken", &figures->taken, rule);
	json_object_end(out);
}

/* What lies there and may not, by all rules together. */
static void due_write(struct json_writer *out, const struct retention_due *due)
{
	json_key(out, TEXT("due"));
	if (!due->time_ms)
		return json_write_null(out);
	json_object_begin(out);
	json_put_int(out, "events", (int64_t)due->events);
	json_put_int(out, "rows", (int64_t)due->rows);
	json_put_time(out, "as_of", due->time_ms);
	json_put_bool(out, "whole", due->whole);
	json_object_end(out);
}

static void progress_write(struct json_writer *out, const struct retention_figures *figures)
{
	json_key(out, TEXT("progress"));
	if (!figures->running || figures->doing == RETENTION_RESTING)
		return json_write_null(out);
	json_object_begin(out);
	json_put_text(out, "doing", figures->doing == RETENTION_TAKING ? TEXT("taking-out") : TEXT("counting"));
	json_put_int(out, "done", (int64_t)figures->done);
	json_put_int(out, "of", (int64_t)figures->of);
	json_object_end(out);
}

static void last_write(struct json_writer *out, const struct retention_figures *figures)
{
	json_key(out, TEXT("last"));
	if (!figures->ended_ms)
		return json_write_null(out);
	json_object_begin(out);
	json_put_time(out, "begun", figures->begun_ms);
	json_put_time(out, "ended", figures->ended_ms);
	json_put_int(out, "events", (int64_t)figures->events);
	json_put_int(out, "customers", (int64_t)figures->customers);
	json_put_int(out, "folded_again", (int64_t)figures->folded);
	json_key(out, TEXT("rows"));
	if (figures->taken.time_ms)
		json_write_int(out, (int64_t)figures->taken.rows);
	else
		json_write_null(out);
	json_put_text(out, "stopped_by", figures->error ? text_of(error_name(figures->error)) : (struct text){0});
	json_object_end(out);
}

void api_retention(struct request *request)
{
	struct json_writer *out = &request->out;
	const struct retention *retention = retention_of(engine_config(request->server->engine));
	struct retention_figures figures;
	retention_run_look(request->server->retention);
	int error = retention_run_figures(request->server->retention, request->arena, &figures);
	if (error)
		return reply_failure(request, error);
	json_object_begin(out);
	json_key(out, TEXT("rules"));
	json_array_begin(out);
	for (size_t i = 0; i < retention->n; i++)
		rule_write(request, &retention->rules[i], &figures);
	json_array_end(out);
	due_write(out, &figures.due);
	json_put_bool(out, "counting", figures.counting);
	json_put_bool(out, "running", figures.running);
	progress_write(out, &figures);
	last_write(out, &figures);
	json_put_time(out, "next", figures.next_ms);
	json_object_end(out);
}

void api_retention_run(struct request *request)
{
	retention_run_ask(request->server->retention);
	noted_act(request, &(struct noted){.what = AUDIT_RETENTION, .words = TEXT("asked for it now")});
	request->http->status = 202;
	api_retention(request);
}
