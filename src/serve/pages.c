/* pages.c: the pages inside the binary, and Harbour's. */
#include "serve/api.h"

#include "serve/assets.h"
#include "serve/caller.h"
#include "serve/hub.h"

#include <stdio.h>
#include <string.h>

#define CONTENT_SECURITY_POLICY                                                                                                  \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "          \
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

enum { TOKEN_SECONDS = 12 * 3600, COOKIE_SECONDS = SESSION_MS / 1000 };

void page_headers(struct request *request)
{
	http_reply_header(request->http, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
	/* Not "no-referrer": with it a browser sends "Origin: null" with a form, and the form could not be told from a stranger's. */
	http_reply_header(request->http, "Referrer-Policy", "same-origin");
	http_reply_header(request->http, "Cross-Origin-Opener-Policy", "same-origin");
}

/* An asset's path may end in a star: everything below. */
static bool asset_fits(const char *pattern, struct text path)
{
	struct text wanted = text_of(pattern);
	if (text_ends(wanted, TEXT("/*")))
		return text_starts(path, text_first(wanted, wanted.n - 1));
	return text_equal(wanted, path);
}

const char *asset_path(const char *name)
{
	for (size_t i = 0; i < assets_n; i++)
		if (assets[i].name && strcmp(assets[i].name, name) == 0)
			return assets[i].path;
	return "";
}

static bool asset_send(struct request *request, struct text path)
{
	for (size_t i = 0; i < assets_n; i++) {
		const struct asset *asset = &assets[i];
		if (!asset_fits(asset->path, path))
			continue;
		bool packed = asset->gzip_end > asset->gzip_start &&
		              text_find(http_header_of(request->http, "Accept-Encoding"), TEXT("gzip"), NULL);
		request->http->type = asset->type;
		request->http->fixed = packed ? (struct text){asset->gzip_start, (size_t)(asset->gzip_end - asset->gzip_start)}
		                              : (struct text){asset->start, (size_t)(asset->end - asset->start)};
		if (packed)
			http_reply_header(request->http, "Content-Encoding", "gzip");
		http_reply_header(request->http, "Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
		page_headers(request);
		return true;
	}
	return false;
}

void page_asset(struct request *request)
{
	if (asset_send(request, request->http->path))
		return;
	if (assets_n == 0)
		reply_error(request, 503, "no_pages", "The pages were not built into this binary: script/build builds them.");
	else
		reply_error(request, 404, "no_route", "There is nothing at this path.");
}

void page_redirect(struct request *request, const char *where)
{
	request->http->status = 303;
	http_reply_header(request->http, "Location", where);
	http_reply_header(request->http, "Cache-Control", "no-store");
}

/* The field of a form body, still encoded. */
static bool form_find(struct request *request, const char *name, struct text *pair)
{
	struct text rest = request->http->body, key;
	while (text_next(&rest, '&', pair))
		if (text_next(pair, '=', &key) && text_equal(key, text_of(name)))
			return true;
	return false;
}

bool form_has(struct request *request, const char *name)
{
	struct text pair;
	return form_find(request, name, &pair);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The value is decoded into the arena. */
struct text form_field(struct request *request, const char *name)
{
	struct text pair;
	char *out = form_find(request, name, &pair) ? arena_alloc(request->arena, pair.n + 1) : NULL;
	size_t n = 0;
	for (size_t i = 0; out && i < pair.n; i++) {
		int high = pair.p[i] == '%' && i + 2 < pair.n ? hex_digit(pair.p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(pair.p[i + 2]) : -1;
		if (low >= 0) {
			out[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[n++] = pair.p[i] == '+' ? ' ' : pair.p[i];
		}
	}
	struct text value = {out, n};
	return out && text_is_utf8(value) ? value : (struct text){"", 0};
}

/* A cookie that no script reads and no other site makes the browser send; only over TLS when it came that way. */
static void cookie_write(struct request *request, const char *name, struct text value, const char *path, int seconds)
{
	char *cookie = arena_alloc(request->arena, value.n + 200);
	if (!cookie)
		return;
	snprintf(cookie, value.n + 200, "%s=%.*s; HttpOnly; SameSite=Strict; Path=%s; Max-Age=%d%s", name, TEXT_ARGS(value), path, seconds,
	         request_is_encrypted(request) ? "; Secure" : "");
	http_reply_header(request->http, "Set-Cookie", cookie);
}

void cookie_set(struct request *request, const char *name, struct text value, const char *path)
{
	cookie_write(request, name, value, path, COOKIE_SECONDS);
}

void cookie_set_for(struct request *request, const char *name, struct text value, const char *path, int seconds)
{
	cookie_write(request, name, value, path, seconds);
}

void cookie_clear(struct request *request, const char *name, const char *path)
{
	cookie_write(request, name, TEXT(""), path, 0);
}

/* ---- Harbour: the demo's own backend, which knows its people and signs tokens for them ---- */

static const struct person {
	const char *person, *user, *name, *says;
} people[] = {
	{"ana", "ana", "Ana Varga", "has habits and agreed to personalisation"},
	{"ben", "ben", "Ben Okafor", "agreed to nothing"},
	{"edith", "edith", "Edith Lindqvist", "78, sees badly, no habit at the machine"},
};

bool harbour_is_on(const struct request *request)
{
	return strcmp(request->server->settings.harbour, "on") == 0;
}

static bool harbour_is_open(struct request *request)
{
	if (harbour_is_on(request))
		return true;
	reply_error(request, 404, "no_route", "Harbour, the demo, is not running here: script/demo starts it.");
	return false;
}

void page_harbour(struct request *request)
{
	if (harbour_is_open(request))
		page_asset(request);
}

void harbour_people(struct request *request)
{
	if (!harbour_is_open(request))
		return;
	json_array_begin(&request->out);
	for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
		json_object_begin(&request->out);
		json_put_text(&request->out, "person", text_of(people[i].person));
		json_put_text(&request->out, "name", text_of(people[i].name));
		json_put_text(&request->out, "says", text_of(people[i].says));
		json_object_end(&request->out);
	}
	json_array_end(&request->out);
}

/* The demo's write key: made at the first need, for this run only in the clear. */
static const char *harbour_write_key(struct server *server)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static char key[KEY_TEXT_BYTES];
	pthread_mutex_lock(&lock);
	if (!*key && keys_add(server->keys, &(struct key_made){.scope = KEY_WRITE, .source = TEXT("harbour"), .name = TEXT("the demo")}, key) != 0)
		*key = 0;
	pthread_mutex_unlock(&lock);
	return key;
}

static const struct person *person_named(struct text name)
{
	for (size_t i = 0; i < sizeof people / sizeof *people; i++)
		if (text_equal(name, text_of(people[i].person)))
			return &people[i];
	return NULL;
}

static int person_token(struct request *request, const struct person *person, struct text *subject, struct text *token)
{
	char *bytes = arena_alloc(request->arena, 64);
	if (!bytes)
		return ERROR_MEMORY;
	*subject = (struct text){bytes, (size_t)snprintf(bytes, 64, "user:%s", person->user)};
	return token_sign(request->server->keys, request->arena, *subject, request->now_ms / 1000 + TOKEN_SECONDS, token);
}

bool harbour_token(struct request *request, struct text name, struct text *token)
{
	const struct person *person = person_named(name);
	struct text subject;
	return person && person_token(request, person, &subject, token) == 0;
}

void harbour_session(struct request *request)
{
	struct json root;
	struct text token, subject;
	char cid[33] = "";
	if (!harbour_is_open(request) || !request_json(request, &root))
		return;
	const struct person *person = person_named(json_text(json_get(root, TEXT("person"))));
	if (!person)
		return reply_error(request, 404, "not_found", "Harbour has no such person.");
	int error = person_token(request, person, &subject, &token);
	if (error)
		return reply_failure(request, error);
	uint32_t origin = customer_named(request->server, subject);
	struct customer *customer = origin ? customer_lock_of(request->server->engine, origin) : NULL;
	if (customer) {
		origin_format(cid, customer_id(request->server->engine, customer));
		customer_unlock(request->server->engine, customer);
	}
	json_object_begin(&request->out);
	json_put_text(&request->out, "token", token);
	json_put_text(&request->out, "cid", text_of(cid));
	json_put_text(&request->out, "user_id", text_of(person->user));
	json_put_text(&request->out, "name", text_of(person->name));
	json_put_text(&request->out, "write_key", text_of(harbour_write_key(request->server)));
	json_object_end(&request->out);
}

/* Somebody is called to a counter: every screen that watches shows it. */
void harbour_queue(struct request *request)
{
	struct json root;
	struct origin_id id;
	if (!harbour_is_open(request) || !request_json(request, &root))
		return;
	struct text cid = json_text(json_get(root, TEXT("cid"))), counter = json_text(json_get(root, TEXT("counter")));
	struct text name = json_text(json_get(root, TEXT("name")));
	int64_t number;
	char digits[24] = "";
	if (json_int(json_get(root, TEXT("counter")), &number)) {
		snprintf(digits, sizeof digits, "%lld", (long long)number);
		counter = text_of(digits);
	}
	uint32_t origin = customer_named(request->server, cid);
	if (!origin_parse(cid, &id) || !origin || counter.n == 0 || counter.n > 20)
		return reply_error(request, 400, "invalid", "\"cid\" and \"counter\" are needed.");
	struct buffer data = BUFFER_INIT(4096);
	struct json_writer out = JSON_WRITER(&data);
	json_object_begin(&out);
	json_put_text(&out, "cid", cid);
	json_put_text(&out, "counter", counter);
	char copy[128];
	struct text shown = name.n ? text_cut(name, 100) : customer_name(request, origin, copy, sizeof copy);
	json_put_text(&out, "name", shown);
	json_object_end(&out);
	if (!data.failed) {
		hub_send(request->server->hub, id, "queue", buffer_view(&data));
		json_object_begin(&request->out);
		json_put_bool(&request->out, "done", true);
		json_object_end(&request->out);
	}
	buffer_free(&data);
}
