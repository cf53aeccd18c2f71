/* configuration_api.c: the configuration: read, replaced as a whole, and changed a document at a time. */
#include "serve/api.h"
#include "serve/staff.h"
#include "serve/noted.h"

#include <stdio.h>

enum { PROBLEMS_MAX = 100, DOCUMENT_BYTES_MAX = 64 * 1024, DOCUMENT_DEPTH_MAX = 12 };

void api_configuration(struct request *request)
{
	const struct config *config = engine_config(request->server->engine);
	struct json_writer *out = &request->out;
	json_object_begin(out);
	json_put_int(out, "version", config->version);
	json_key(out, TEXT("documents"));
	json_array_begin(out);
	for (size_t i = 0; i < config->documents_n; i++)
		value_write_json(out, config->documents[i].body);
	json_array_end(out);
	json_object_end(out);
}

struct problems {
	struct json_writer *out;
	size_t n;
};

static void problem_write(void *arg, const struct config_problem *problem)
{
	struct problems *problems = arg;
	if (problems->n++ >= PROBLEMS_MAX)
		return;
	json_object_begin(problems->out);
	json_put_text(problems->out, "file", problem->file);
	json_put_int(problems->out, "line", problem->line);
	json_put_int(problems->out, "column", problem->column);
	json_put_text(problems->out, "message", text_of(problem->message));
	json_object_end(problems->out);
}

/* {"files": [{"name", "text"}]} */
static bool files_read(struct request *request, struct json root, struct config_version *version)
{
	struct json list = json_get(root, TEXT("files")), item;
	struct json_cursor cursor = {0};
	size_t count = json_count(list);
	struct config_file *found = arena_alloc(request->arena, (count + 1) * sizeof *found);
	if (json_type_of(list) != JSON_ARRAY || count == 0 || count > 1000 || !found) {
		reply_error(request, 400, "no_files", "\"files\" must be a list of {\"name\", \"text\"}.");
		return false;
	}
	while (json_next_item(&cursor, list, &item))
		found[version->files_n++] =
			(struct config_file){json_text(json_get(item, TEXT("name"))), json_text(json_get(item, TEXT("text")))};
	version->files = found;
	return true;
}

static void problems_begin(struct request *request)
{
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("problems"));
	json_array_begin(&request->out);
}

/* The end of an answer whose problems are listed. */
static void configuration_reply(struct request *request, int error, const struct config *config)
{
	if (error && error != ERROR_INVALID)
		return reply_failure(request, error);
	if (error) {
		json_put_text(&request->out, "code", TEXT("invalid_configuration"));
		json_put_text(&request->out, "message", TEXT("The configuration has problems; nothing was changed."));
		request->http->status = 422;
	} else {
		char words[80];
		int n = snprintf(words, sizeof words, "version %u, %zu documents", config->version, config->documents_n);
		noted_act(request, &(struct noted){.what = AUDIT_CONFIGURATION, .words = {words, (size_t)n}, .durable = true});
		json_put_int(&request->out, "version", config->version);
		json_put_int(&request->out, "documents", (int64_t)config->documents_n);
	}
	json_object_end(&request->out);
}

void api_configuration_post(struct request *request)
{
	struct json root;
	struct config_version version = {0};
	struct problems problems = {.out = &request->out};
	const struct config *config;
	if (!request_json(request, &root) || !files_read(request, root, &version))
		return;
	problems_begin(request);
	int error = configurations_apply(&request->server->configurations, request->server->engine, &version, caller_name(request).p, &config,
	                                 problem_write, &problems);
	json_array_end(&request->out);
	configuration_reply(request, error, config);
}

/* ---- one document ---- */

/* The body as the text of a document: its kind and name come from the path. */
static bool document_read(struct request *request, struct buffer *text)
{
	struct json_writer out = JSON_WRITER(text);
	struct buffer encoded = BUFFER_INIT(DOCUMENT_BYTES_MAX);
	struct json root, item;
	struct json_cursor cursor = {0};
	struct text key;
	if (!request_json(request, &root))
		return false;
	json_object_begin(&out);
	json_put_text(&out, "kind", request->parameters[0]);
	json_put_text(&out, "name", request->parameters[1]);
	int error = 0;
	while (!error && json_next_member(&cursor, root, &key, &item)) {
		if (text_equal(key, TEXT("kind")) || text_equal(key, TEXT("name")))
			continue;
		encoded.n = 0;
		error = value_put_json(&encoded, item, DOCUMENT_DEPTH_MAX);
		json_key(&out, key);
		value_write_json(&out, (struct value){(const uint8_t *)encoded.p, encoded.n});
	}
	json_object_end(&out);
	buffer_free(&encoded);
	if (error || text->failed)
		reply_error(request, 400, "invalid_document", "The document has at most %d bytes and %d levels.", DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX);
	return !error && !text->failed;
}

static void document_reply(struct request *request, int error, const struct config *config)
{
	if (error == ERROR_NOT_FOUND)
		reply_error(request, 404, "no_document", "No document of this kind and name was written here.");
	else if (error == ERROR_CONFLICT)
		reply_error(request, 409, "written_elsewhere", "This document stands in a file of its own: change it there and apply the folder.");
	else
		configuration_reply(request, error, config);
}

static void document_change(struct request *request, struct text text)
{
	struct problems problems = {.out = &request->out};
	struct config_place place = {request->parameters[0], request->parameters[1]};
	const struct config *config;
	problems_begin(request);
	int error = configurations_put(&request->server->configurations, request->server->engine, &place, text, caller_name(request).p, &config,
	                               problem_write, &problems);
	json_array_end(&request->out);
	document_reply(request, error, config);
}

/* What staff write down without being admins: what they saw, and for managers what is answered, planned and missing. */
static bool document_is_theirs(struct request *request)
{
	static const struct {
		const char *kind;
		unsigned roles;
	} kinds[] = {{"note", ROLE_SERVICE | ROLE_MANAGER}, {"idea", ROLE_MANAGER}, {"move", ROLE_MANAGER}, {"touchpoint", ROLE_MANAGER}};
	const struct caller *caller = &request->caller;
	if (!caller->staff.n || caller->roles & ROLE_ADMIN)
		return true;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (text_equal(request->parameters[0], text_of(kinds[i].kind)) && caller->roles & kinds[i].roles)
			return true;
	reply_error(request, 403, "outside_role", "Documents of this kind are outside your role.");
	return false;
}

void api_document_put(struct request *request)
{
	struct buffer text = BUFFER_INIT(DOCUMENT_BYTES_MAX);
	if (document_is_theirs(request) && document_read(request, &text))
		document_change(request, buffer_view(&text));
	buffer_free(&text);
}

void api_document_delete(struct request *request)
{
	if (document_is_theirs(request))
		document_change(request, (struct text){0});
}
