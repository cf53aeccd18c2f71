/* keys_api.c: keys over the interface: listed, made, revoked. Only who is not limited may: a key for some routes cannot make one for all. */
#include "serve/api.h"

#include "serve/hub.h"
#include "serve/noted.h"
#include "serve/staff.h"

#include <stdio.h>

static bool is_unlimited(struct request *request)
{
	if (!request->caller.key || !*request->caller.key->routes)
		return true;
	reply_error(request, 403, "outside_key", "A key that is limited to some routes administers no keys.");
	return false;
}

void api_keys(struct request *request)
{
	struct keys *keys = request->server->keys;
	struct json_writer *out = &request->out;
	const struct key *key;
	if (!is_unlimited(request))
		return;
	int error = keys_flush(keys);
	if (error)
		return reply_failure(request, error);
	json_object_begin(out);
	json_put_int(out, "write", (int64_t)keys_count(keys, KEY_WRITE));
	json_put_int(out, "secret", (int64_t)keys_count(keys, KEY_SECRET));
	json_key(out, TEXT("keys"));
	json_array_begin(out);
	for (size_t i = 0; (key = keys_at(keys, i)); i++) {
		json_object_begin(out);
		key_members_write(out, key);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

/* Is there a route below every path of @list? A mistyped path would open nothing, and a key that opens nothing is a riddle. */
static bool routes_exist(struct text list)
{
	struct text one;
	bool all = true;
	while (all && list.n && text_next(&list, ',', &one)) {
		all = one.p[0] != '/'; /* A group. */
		for (const struct route *route = routes; route->path && !all; route++)
			all = key_path_is_below(text_of(route->path), one);
	}
	return all;
}

/* ["collect", "/v1/customers"] → "collect,/v1/customers". False: the error is answered. */
static bool routes_read(struct request *request, struct json list, struct buffer *out)
{
	struct json_cursor cursor = {0};
	struct json item;
	bool good = json_type_of(list) == JSON_ARRAY || json_type_of(list) <= JSON_NULL;
	while (good && json_type_of(list) == JSON_ARRAY && json_next_item(&cursor, list, &item)) {
		struct text one = json_text(item);
		good = one.n && !text_find(one, TEXT(","), NULL);
		if (out->n)
			buffer_char(out, ',');
		buffer_text(out, one);
	}
	if (good && !out->failed && key_routes_fit(buffer_view(out)) && routes_exist(buffer_view(out)))
		return true;
	reply_error(request, 400, "invalid_routes", "\"routes\" must be a list of groups (collect, decide, customers, read) and paths such as \"/v1/customers\", of %d bytes together.",
	            KEY_ROUTES_BYTES);
	return false;
}

static bool limit_read(struct request *request, struct json root, const char *name, int64_t *limit)
{
	struct json given = json_get(root, text_of(name));
	*limit = 0;
	if (json_type_of(given) <= JSON_NULL || (json_int(given, limit) && *limit > 0))
		return true;
	reply_error(request, 400, "invalid_number", "\"%s\" must be a whole number above 0.", name);
	return false;
}

static void made_note(struct request *request, const struct key_made *made, const char *key)
{
	struct text rest = text_of(key), part, id = {0};
	char words[80];
	for (int i = 0; i < 3 && text_next(&rest, '_', &part); i++)
		id = part;
	snprintf(words, sizeof words, "made the %s key %.*s", made->scope == KEY_SECRET ? "secret" : "write", TEXT_ARGS(text_cut(id, 40)));
	noted_act(request, &(struct noted){.what = AUDIT_KEYS, .words = text_of(words)});
	json_object_begin(&request->out);
	json_put_text(&request->out, "key", text_of(key));
	json_put_text(&request->out, "id", id);
	json_put_text(&request->out, "note", TEXT("This is shown once."));
	json_object_end(&request->out);
}

void api_keys_post(struct request *request)
{
	struct json root;
	char key[KEY_TEXT_BYTES];
	struct key_made made = {0};
	struct buffer list = BUFFER_INIT(2 * KEY_ROUTES_BYTES);
	if (!is_unlimited(request) || !request_json(request, &root))
		return;
	struct text scope = json_text(json_get(root, TEXT("scope")));
	made.source = json_text(json_get(root, TEXT("source")));
	made.name = json_text(json_get(root, TEXT("name")));
	made.scope = text_equal(scope, TEXT("secret")) ? KEY_SECRET : KEY_WRITE;
	if (made.scope == KEY_WRITE && !text_equal(scope, TEXT("write")))
		return reply_error(request, 400, "invalid_scope", "\"scope\" must be write or secret.");
	if (made.source.n == 0 || made.source.n > KEY_SOURCE_BYTES)
		return reply_error(request, 400, "invalid_source", "\"source\" must be a name of 1 to %d letters without blanks.", KEY_SOURCE_BYTES);
	if (!limit_read(request, root, "events_a_minute", &made.events_a_minute) || !limit_read(request, root, "bytes_a_minute", &made.bytes_a_minute))
		return;
	if (routes_read(request, json_get(root, TEXT("routes")), &list)) {
		made.routes = buffer_view(&list);
		int error = keys_add(request->server->keys, &made, key);
		if (error == ERROR_INVALID)
			reply_error(request, 400, "invalid_source", "\"source\" must have no blanks, and \"name\" at most %d bytes in one line.", KEY_NAME_BYTES);
		else if (error == ERROR_LIMIT)
			reply_error(request, 409, "too_many_keys", "There are %d keys already, with those that were revoked.", KEYS_MAX);
		else if (error)
			reply_failure(request, error);
		else
			made_note(request, &made, key);
	}
	buffer_free(&list);
}

void api_key_delete(struct request *request)
{
	struct server *server = request->server;
	struct text id = request->parameters[0];
	char words[80];
	if (!is_unlimited(request))
		return;
	int error = keys_revoke(server->keys, id, staff_has_admin(server->staff), request->now_ms);
	if (error == ERROR_NOT_FOUND)
		return reply_error(request, 404, "no_key", "There is no key with this id; GET /v1/keys lists all.");
	if (error == ERROR_CONFLICT)
		return reply_error(request, 409, "last_key", "This is the last secret key that may administer, and no admin has an account: make another first, or invite an admin.");
	if (error)
		return reply_failure(request, error);
	hub_review(server->hub);
	int n = snprintf(words, sizeof words, "revoked the key %.*s", TEXT_ARGS(text_cut(id, KEY_ID_BYTES)));
	noted_act(request, &(struct noted){.what = AUDIT_KEYS, .words = {words, (size_t)n}, .durable = true});
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_object_end(&request->out);
}
