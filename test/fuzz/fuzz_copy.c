/*
 * fuzz_copy.c: a customer's copy, changed line by line and signed again, or its zip changed in any way, is brought in: it is refused with a
 * reason, or the customer is there with all of it, can be read, decided for, copied and erased; and the log stays sound.
 *
 * An input is a row of changes: of which file, which line, what. The customer is erased after each, so inputs hardly meet each other.
 */
#include "collect_world.h"
#include "copy_make.h"

#include "engine/verify.h"
#include "serve/archive.h"
#include "serve/export.h"

#include <stdio.h>
#include <string.h>

enum { INPUTS_A_WORLD = 150, LINES_MAX = 200, CHANGES_MAX = 6, COPY_BYTES = 64 * 1024 * 1024, ZIP_BYTES_MAX = 500 * 1024 };

static struct world world;
static struct buffer events = BUFFER_INIT(1 << 20), decisions = BUFFER_INIT(1 << 20), histories = BUFFER_INIT(4096);

/* In the place of a member's value. */
static const char *const snippets[] = {
	"null", "true", "0", "-1", "9223372036854775807", "1e308", "\"\"", "[]", "{}", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "\"\\u0000\"", "\"x\"", "\"1970-01-01T00:00:00.000Z\"",
	"\"9999-12-31T23:59:59.999Z\"", "\"2026-05-03T07:00:00.000Z\"", "\"track\"", "\"decision\"", "\"link\"", "\"merge\"", "\"split\"", "\"consent\"",
	"\"name\"", "\"timer\"", "\"undo\"", "\"response\"", "\"preference\"", "\"web\"", "\"none\"", "\"00000000000000000000000000000000\"", "\"e0\"", "\"e1000000000001\"",
	"\"effffffffffffffff\"", "\"0000000000000001\"", "[\"service\"]", "[\"personalisation\",\"marketing\"]", "[\"removed-9\"]", "[\"import\"]", "\"user\"", "\"email\"",
	"\"service\"", "\"Consent Given\"", "{\"purpose\":\"marketing\",\"answer\":\"yes\"}", "{\"type\":\"user\",\"value\":\"x\"}", "{\"a\":{\"b\":[1,2.5,\"c\"]}}",
};

static const struct http_exchange *ask(enum http_method method, const char *path, struct text body, const struct sent_pair *query, size_t query_n)
{
	char bearer[KEY_TEXT_BYTES + 8];
	snprintf(bearer, sizeof bearer, "Bearer %s", world.secret_key);
	return exchange_send(&(struct sent){.method = method, .path = text_of(path), .body = body, .authorization = text_of(bearer), .query = query, .query_n = query_n});
}

static void must_be_good(const struct http_exchange *x, const char *what)
{
	if (x->status != 200)
		fprintf(stderr, "%s: %d %.*s\n", what, x->status, TEXT_ARGS(buffer_view(&x->out)));
	MUST(x->status == 200);
}

/* ---- the world, and a copy of somebody in it ---- */

static void copy_learn(const char *cid)
{
	struct unpacked files = {0};
	struct text content;
	size_t at;
	char path[100];
	const struct sent_pair zip = {"format", TEXT("zip")};
	snprintf(path, sizeof path, "/v1/customers/%s/export", cid);
	const struct http_exchange *x = ask(HTTP_GET, path, (struct text){"", 0}, &zip, 1);
	must_be_good(x, path);
	MUST(archive_unpack(&files, buffer_view(&x->out), COPY_BYTES) == 0);
	buffer_reset(&events);
	buffer_reset(&decisions);
	buffer_reset(&histories);
	MUST(unpacked_find(&files, text_of(copy_names[COPY_EVENTS]), &content));
	buffer_text(&events, content);
	MUST(unpacked_find(&files, text_of(copy_names[COPY_DECISIONS]), &content));
	buffer_text(&decisions, content);
	MUST(unpacked_find(&files, text_of(copy_names[COPY_MANIFEST]), &content) && text_find(content, TEXT("\"histories\":"), &at));
	content = text_from(content, at + 12);
	MUST(text_find(content, TEXT("]"), &at));
	buffer_text(&histories, text_first(content, at + 1));
	unpacked_free(&files);
	MUST(events.n && decisions.n && !events.failed && !decisions.failed);
}

static void cid_of(const struct http_exchange *x, const char *name, char cid[33])
{
	struct text text = json_text(json_get(reply_json(x), text_of(name)));
	MUST(text.n == 32);
	memcpy(cid, text.p, 32);
	cid[32] = 0;
}

static void somebody_make(char cid[33])
{
	struct origin_id id;
	const char *const bodies[][2] = {
		{"/v1/batch", "{\"batch\":[{\"type\":\"track\",\"anonymousId\":\"a-1\",\"event\":\"Product Viewed\",\"properties\":{\"product\":\"loan\"}},"
		              "{\"type\":\"identify\",\"userId\":\"cy\",\"anonymousId\":\"a-1\",\"traits\":{\"email\":\"cy@example.org\",\"name\":\"Cy\"}},"
		              "{\"type\":\"track\",\"userId\":\"cy\",\"event\":\"Cash Withdrawn\",\"properties\":{\"amount\":80,\"notes\":[50,20,10]}},"
		              "{\"type\":\"track\",\"userId\":\"cy\",\"event\":\"Consent Given\",\"properties\":{\"purpose\":\"personalisation\",\"text\":\"Yes.\",\"version\":\"1\"}},"
		              "{\"type\":\"track\",\"userId\":\"cy\",\"event\":\"Preference Stated\",\"properties\":{\"set\":{\"cash.amount\":50}}},"
		              "{\"type\":\"screen\",\"userId\":\"cy\",\"name\":\"cards\"}]}"},
		{"/v1/decide", "{\"customer\":{\"identifier\":\"user:cy\"},\"surface\":\"machine-withdrawal\",\"durable\":true}"},
		{"/v1/decide", "{\"customer\":{\"identifier\":\"user:cy\"},\"surface\":\"app-home\",\"durable\":true}"},
	};
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		must_be_good(ask(HTTP_POST, bodies[i][0], text_of(bodies[i][1]), NULL, 0), bodies[i][0]);
	uint32_t origin = customer_named(world.server, TEXT("user:cy"));
	struct customer *customer = customer_lock_of(world.server->engine, origin);
	MUST(customer);
	id = customer_id(world.server->engine, customer);
	customer_unlock(world.server->engine, customer);
	origin_format(cid, id);
	cid[32] = 0;
}

static void erase(const char *cid)
{
	char path[100];
	snprintf(path, sizeof path, "/v1/customers/%s", cid);
	must_be_good(ask(HTTP_DELETE, path, (struct text){"", 0}, NULL, 0), "erase");
}

static void world_end(void)
{
	struct verify found;
	world_stop(&world);
	MUST(engine_verify(world.folder, &found, NULL, NULL) == 0);
	world_start(&world);
	world_close(&world);
}

static void end_at_exit(void)
{
	static bool asked;
	if (!asked)
		atexit(world_end);
	asked = true;
}

static void world_prepare(void)
{
	static unsigned inputs;
	char cid[33];
	if (world.server && ++inputs >= INPUTS_A_WORLD)
		world_end();
	if (!world.server) {
		world_open(&world);
		somebody_make(cid);
		copy_learn(cid);
		erase(cid);
		inputs = 0;
	}
	end_at_exit();
}

/* ---- changes ---- */

struct choosing {
	const uint8_t *p;
	size_t n;
};

static unsigned choose(struct choosing *choosing, size_t below)
{
	if (choosing->n == 0)
		return 0;
	choosing->n--;
	return *choosing->p++ % (unsigned)below;
}

struct lines {
	struct text items[LINES_MAX];
	size_t n;
};

static void lines_of(struct lines *lines, struct text text)
{
	struct text line;
	lines->n = 0;
	while (lines->n < LINES_MAX / 2 && text.n && text_next(&text, '\n', &line))
		if (line.n)
			lines->items[lines->n++] = line;
}

/* The value of the member behind the @nth colon of @line becomes something else. */
static struct text member_change(struct arena *arena, struct text line, unsigned nth, struct text value)
{
	struct buffer out = BUFFER_INIT(1 << 16);
	size_t at = 0, end;
	for (unsigned seen = 0; at < line.n; at++)
		if (line.p[at] == ':' && at > 0 && line.p[at - 1] == '"' && seen++ == nth)
			break;
	if (at >= line.n)
		return line;
	bool quoted = at + 1 < line.n && line.p[at + 1] == '"';
	for (end = at + 1 + quoted; end < line.n && (quoted ? line.p[end] != '"' : line.p[end] != ',' && line.p[end] != '}'); end++)
		;
	end += quoted;
	buffer_text(&out, text_first(line, at + 1));
	buffer_text(&out, value);
	buffer_text(&out, text_from(line, end));
	struct text copy = text_copy(arena, buffer_view(&out));
	buffer_free(&out);
	return copy.p ? copy : line;
}

static struct text byte_change(struct arena *arena, struct text line, unsigned at, char c)
{
	char *copy = text_terminated(arena, line);
	if (!copy || line.n == 0)
		return line;
	copy[at % line.n] = c;
	return (struct text){copy, line.n};
}

static void change(struct choosing *choosing, struct lines *lines, struct arena *arena)
{
	size_t at = lines->n ? choose(choosing, lines->n) : 0;
	if (lines->n == 0)
		return;
	switch (choose(choosing, 8)) {
	case 0:
		lines->items[at] = lines->items[--lines->n];
		return;
	case 1:
		lines->items[lines->n] = lines->items[at];
		lines->n += lines->n < LINES_MAX - 1;
		return;
	case 2: {
		unsigned where = choose(choosing, 256) * 4;
		lines->items[at] = byte_change(arena, lines->items[at], where, (char)choose(choosing, 256));
		return;
	}
	case 3: { /* A line of the input's own. */
		size_t n = choose(choosing, 256);
		n = n < choosing->n ? n : choosing->n;
		lines->items[at] = (struct text){(const char *)choosing->p, n};
		choosing->p += n;
		choosing->n -= n;
		return;
	}
	default: {
		unsigned member = choose(choosing, 40);
		lines->items[at] = member_change(arena, lines->items[at], member, text_of(snippets[choose(choosing, sizeof snippets / sizeof *snippets)]));
	}
	}
}

static void lines_join(struct buffer *out, const struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		buffer_text(out, lines->items[i]);
		buffer_char(out, '\n');
	}
}

/* ---- one copy ---- */

static void zip_change(struct choosing *choosing, struct buffer *zip)
{
	for (unsigned n = 1 + choose(choosing, 6); n > 0 && zip->n; n--) {
		size_t at = (choose(choosing, 256) << 8 | choose(choosing, 256)) % zip->n;
		if (choose(choosing, 8) == 7)
			zip->n = at;
		else
			zip->p[choose(choosing, 2) ? zip->n - 1 - at % (zip->n < 256 ? zip->n : 256) : at] = (char)choose(choosing, 256);
	}
}

/* The customer is there: whatever can be done with one can be done. */
static void use(const char *cid)
{
	static const char *const parts[] = {"", "/timeline", "/decisions", "/identity", "/consents", "/value", "/participation", "/relationship", "/products", "/digest", "/export"};
	char path[100], body[200];
	const struct sent_pair zip = {"format", TEXT("zip")};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(path, sizeof path, "/v1/customers/%s%s", cid, parts[i]);
		const struct http_exchange *x = ask(HTTP_GET, path, (struct text){"", 0}, NULL, 0);
		must_be_good(x, path);
		reply_json(x);
	}
	must_be_good(ask(HTTP_GET, path, (struct text){"", 0}, &zip, 1), "zip");
	for (int i = 0; i < 2; i++) {
		snprintf(body, sizeof body, "{\"customer\":{\"cid\":\"%s\"},\"surface\":\"%s\"}", cid, i ? "app-home" : "machine-withdrawal");
		must_be_good(ask(HTTP_POST, "/v1/decide", text_of(body), NULL, 0), body);
	}
}

static void bring_in(struct text zip)
{
	const struct sent_pair again = {"erased", TEXT("again")};
	char cid[33];
	const struct http_exchange *x = ask(HTTP_POST, "/v1/customers/import", zip, &again, 1);
	if (x->status != 200) {
		MUST(x->status >= 400 && x->status < 500);
		MUST(json_text(json_get(reply_json(x), TEXT("message"))).n);
		return;
	}
	cid_of(x, "cid", cid);
	use(cid);
	erase(cid);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct lines lines[2];
	struct choosing choosing = {bytes, n};
	struct buffer files[2] = {BUFFER_INIT(1 << 20), BUFFER_INIT(1 << 20)}, zip = BUFFER_INIT(ZIP_BYTES_MAX);
	struct arena arena;
	world_prepare();
	arena_init(&arena, 1 << 22);
	unsigned what = choose(&choosing, 16);
	lines_of(&lines[0], buffer_view(&events));
	lines_of(&lines[1], buffer_view(&decisions));
	for (int i = 0; i < CHANGES_MAX && choosing.n && what != 15; i++)
		change(&choosing, &lines[choose(&choosing, 4) == 3], &arena);
	for (int i = 0; i < 2; i++)
		lines_join(&files[i], &lines[i]);
	struct text listed = what == 14 ? TEXT("[\"00000000000000000000000000000001\",\"00000000000000000000000000000001\"]") : buffer_view(&histories);
	copy_make(&zip, &(struct made_copy){buffer_view(&files[0]), buffer_view(&files[1]), listed}, world.server->signer);
	if (what == 15)
		zip_change(&choosing, &zip);
	bring_in(buffer_view(&zip));
	exchange_over();
	arena_free(&arena);
	buffer_free(&zip);
	for (int i = 0; i < 2; i++)
		buffer_free(&files[i]);
	return 0;
}
