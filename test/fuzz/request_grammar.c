/* request_grammar.c: see request_grammar.h. */
#include "request_grammar.h"

#include <string.h>

enum { DEPTH_MAX = 4, ITEMS_MAX = 6, RAW_BYTES_MAX = 255, TEXTS_BYTES_MAX = 16 * 1024 };

/* Names of members and of parameters of the query. */
static const char *const names[] = {
	"act", "actor", "after", "all", "allowedConsentIds", "anonymousId", "answer", "at", "batch", "because", "before", "by", "bytes_a_minute",
	"categoryPreferences", "change", "channel", "cid", "consent", "consentManagement", "consequence", "context", "control", "customer", "cut", "days",
	"decision", "deniedConsentIds", "durable", "email", "erased", "event", "events_a_minute", "evidence", "explain", "extended_until", "externalIds",
	"fields", "files", "format", "from", "gap", "goal", "group", "groupId", "hash", "high", "id", "idea", "identifier", "if", "integrations",
	"invited", "jurisdiction", "key", "kind", "language", "low", "map", "messageId", "method", "mode", "motive", "move", "n", "name", "new", "next",
	"notice", "of", "old", "option", "origin", "originalTimestamp", "password", "person", "preset", "previousId", "properties", "property", "purpose",
	"q", "question", "reason", "received", "resolutionStrategy", "restricted", "revenue", "roles", "routes", "scale", "scope", "sentAt", "set", "shown",
	"signal", "signed_by", "source", "standard", "state", "step", "suggestion", "surface", "text", "timestamp", "title", "to", "token", "top",
	"touchpoint", "trait", "traits", "type", "undo", "userId", "valid_until", "value", "variant", "version", "what", "who", "with", "word", "writeKey",
	"product", "products", "amount", "currency", "price", "category", "screen", "contact.email", "contact.quiet", "menu.app-home.order",
	"menu.app-home.hide", "cash.amount", "language.spoken", "text.size",
};

/* Values that somewhere mean something. No identifier of the victim's, nor of the lone customer's, is among them. */
static const char *const values[] = {
	"user:ana", "user:ben", "anonymous:anon-1", "email:ana@example.org", "me", "web", "app", "email", "phone", "machine", "store", "track", "identify",
	"page", "2026-05-03T07:00:00Z", "2026-11-30T23:59:59.999+02:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "personalisation", "marketing",
	"analytics", "service", "sharing", "yes", "no", "true", "null", "app-home", "machine-withdrawal", "access", "correct", "erase", "restrict",
	"portability", "done", "refused", "open", "all", "json", "csv", "zip", "gap", "goal", "property", "customer", "30m", "1d", "worth:most,need:cash",
	"rfm:555", "cell:1", "most", "stars", "nps", "ces", "support", "withdraw", "try", "accepted", "dismissed", "segment", "surface", "touchpoint",
	"purpose", "journey", "layer", "price", "voice", "matter", "purposes.yaml", "segments.yaml", "kind: segment\nname: x\nrule: events > 3\n",
	"kind: purpose\nname: p\ntext: t\nversion: 1\n", "write", "secret", "admin", "service,privacy", "customers", "/v1/customers", "balance", "cards",
	"first", "up", "more", "home", "en", "cs", "de-AT", "18:00", "1", "0", "-1", "10", "90", "100", "9223372036854775807", "-9223372036854775808",
	"18446744073709551616", "1e308", "0.1", "Cash Withdrawn", "Order Completed", "Product Viewed", "Consent Given", "Preference Stated", "Menu Changed",
	"Rating Given", "*", "%", "..", "is", "must-be", "left", "failed", "again", "sure", "x", "a,b", "*/*", "gzip, deflate",
};

static const char *const headers[] = {"Origin", "Sec-Fetch-Site", "Sec-GPC", "X-Attune-Reason", "X-Forwarded-For", "X-Forwarded-Proto",
                                      "Accept-Language", "Accept-Encoding", "If-None-Match", "Host", "Expect", "X-Attune"};

static const char *const numbers[] = {"0", "-0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615",
                                      "1e308", "-1e308", "1e-320", "0.1", "1.7976931348623157e308", "4294967296", "2147483648", "1e400", "99999999999999999999999"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- choices ---- */

struct choosing {
	const uint8_t *p;
	size_t n;
	const struct pool *pool;
	struct made *made;
	struct text form_token;
};

static unsigned choose(struct choosing *choosing, size_t below)
{
	if (choosing->n == 0)
		return 0;
	unsigned chosen = *choosing->p++;
	choosing->n--;
	return chosen % (unsigned)below;
}

static struct text choose_raw(struct choosing *choosing)
{
	size_t n = choose(choosing, RAW_BYTES_MAX + 1);
	n = n < choosing->n ? n : choosing->n;
	struct text text = {(const char *)choosing->p, n};
	choosing->p += n;
	choosing->n -= n;
	return text;
}

/* A text: a value that is known, an id that was met, or bytes of the input. */
static struct text choose_text(struct choosing *choosing)
{
	const struct pool *pool = choosing->pool;
	switch (choose(choosing, 6)) {
	case 0:
	case 1:
		return text_of(values[choose(choosing, COUNT(values))]);
	case 2:
	case 3:
		return pool->n ? text_of(pool->ids[choose(choosing, pool->n)]) : TEXT("me");
	case 4:
		return text_of(names[choose(choosing, COUNT(names))]);
	default:
		return choose_raw(choosing);
	}
}

/* ---- the body ---- */

/* Quoted; the input's bytes as they are, so that broken UTF-8 and broken escapes reach the parser. */
static void quote(struct buffer *out, struct text text)
{
	buffer_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n')
			buffer_string(out, "\\n");
		else if (text.p[i] == '"')
			buffer_string(out, "\\\"");
		else
			buffer_char(out, text.p[i]);
	}
	buffer_char(out, '"');
}

static void nest(struct buffer *out, struct choosing *choosing)
{
	static const char *const opens[] = {"[", "{\"a\":"};
	unsigned levels = choose(choosing, 40), kind = choose(choosing, 2);
	for (unsigned i = 0; i < levels; i++)
		buffer_string(out, opens[kind]);
	buffer_string(out, "1");
	for (unsigned i = 0; i < levels; i++)
		buffer_char(out, kind ? '}' : ']');
}

static void any_write(struct buffer *out, struct choosing *choosing, unsigned depth);

static void object_write(struct buffer *out, struct choosing *choosing, unsigned depth)
{
	unsigned n = choose(choosing, ITEMS_MAX + 1);
	buffer_char(out, '{');
	for (unsigned i = 0; i < n; i++) {
		buffer_string(out, i ? "," : "");
		quote(out, choose(choosing, 16) == 15 ? choose_text(choosing) : text_of(names[choose(choosing, COUNT(names))]));
		buffer_char(out, ':');
		any_write(out, choosing, depth + 1);
	}
	buffer_char(out, '}');
}

static void array_write(struct buffer *out, struct choosing *choosing, unsigned depth)
{
	unsigned n = choose(choosing, ITEMS_MAX + 1);
	buffer_char(out, '[');
	for (unsigned i = 0; i < n; i++) {
		buffer_string(out, i ? "," : "");
		any_write(out, choosing, depth + 1);
	}
	buffer_char(out, ']');
}

static void customer_write(struct buffer *out, struct choosing *choosing)
{
	buffer_string(out, choose(choosing, 2) ? "{\"cid\":" : "{\"identifier\":");
	quote(out, choose_text(choosing));
	buffer_char(out, '}');
}

/* Any value, of any type. */
static void any_write(struct buffer *out, struct choosing *choosing, unsigned depth)
{
	unsigned kind = choose(choosing, 14);
	if (depth >= DEPTH_MAX && kind >= 8)
		kind = 0;
	if (kind <= 4)
		quote(out, choose_text(choosing));
	else if (kind == 5)
		buffer_string(out, numbers[choose(choosing, COUNT(numbers))]);
	else if (kind == 6)
		buffer_int(out, (int64_t)choose(choosing, 256) - 20);
	else if (kind == 7)
		buffer_string(out, (const char *const[]){"true", "false", "null", "\"\\ud800\"", "\"\\u0000\"", "\"\""}[choose(choosing, 6)]);
	else if (kind <= 9)
		array_write(out, choosing, depth);
	else if (kind <= 11)
		object_write(out, choosing, depth);
	else if (kind == 12)
		customer_write(out, choosing);
	else
		nest(out, choosing);
}

/* A value of a type that the route takes. */
static void fitting_write(struct buffer *out, struct choosing *choosing, const struct body_member *member)
{
	if (member->types & BODY_OBJECT && strcmp(member->name, "customer") == 0)
		customer_write(out, choosing);
	else if (member->types & BODY_TEXT)
		quote(out, choose_text(choosing));
	else if (member->types & BODY_OBJECT)
		object_write(out, choosing, 1);
	else if (member->types & BODY_LIST)
		array_write(out, choosing, 1);
	else if (member->types & BODY_BOOL)
		buffer_string(out, choose(choosing, 2) ? "true" : "false");
	else
		buffer_string(out, numbers[choose(choosing, COUNT(numbers))]);
}

/* The members that the route names, each there or not and mostly of its type, and some others. */
static void body_of_route(struct buffer *out, struct choosing *choosing, const struct route *route)
{
	const char *between = "";
	buffer_char(out, '{');
	for (const struct body_member *member = route->body; member && member->name; member++) {
		unsigned how = choose(choosing, 8);
		if (how == 0)
			continue;
		buffer_format(out, "%s\"%s\":", between, member->name);
		if (how == 1)
			any_write(out, choosing, 1);
		else
			fitting_write(out, choosing, member);
		between = ",";
	}
	for (unsigned n = choose(choosing, ITEMS_MAX + 1); n > 0; n--) {
		buffer_string(out, between);
		quote(out, text_of(names[choose(choosing, COUNT(names))]));
		buffer_char(out, ':');
		any_write(out, choosing, 1);
		between = ",";
	}
	buffer_char(out, '}');
}

/* An event, alone or in a batch. */
static void event_write(struct buffer *out, struct choosing *choosing)
{
	buffer_string(out, "{\"type\":");
	quote(out, text_of((const char *const[]){"track", "identify", "page", "screen", "group", "alias", "x"}[choose(choosing, 7)]));
	buffer_string(out, ",\"event\":");
	quote(out, choose_text(choosing));
	buffer_string(out, choose(choosing, 2) ? ",\"userId\":" : ",\"anonymousId\":");
	quote(out, text_of((const char *const[]){"ana", "ben", "anon-1", "anon-2", "", "cy"}[choose(choosing, 6)]));
	for (unsigned n = choose(choosing, ITEMS_MAX); n > 0; n--) {
		buffer_char(out, ',');
		quote(out, text_of(names[choose(choosing, COUNT(names))]));
		buffer_char(out, ':');
		any_write(out, choosing, 1);
	}
	buffer_char(out, '}');
}

static void batch_write(struct buffer *out, struct choosing *choosing)
{
	unsigned n = choose(choosing, ITEMS_MAX);
	buffer_string(out, "{\"batch\":[");
	for (unsigned i = 0; i < n; i++) {
		buffer_string(out, i ? "," : "");
		event_write(out, choosing);
	}
	buffer_string(out, "]}");
}

static void form_write(struct buffer *out, struct choosing *choosing)
{
	if (choose(choosing, 8))
		buffer_format(out, "token=%.*s", TEXT_ARGS(choosing->form_token));
	for (unsigned n = choose(choosing, ITEMS_MAX); n > 0; n--) {
		buffer_format(out, "&%s=", names[choose(choosing, COUNT(names))]);
		struct text value = choose_text(choosing);
		for (size_t i = 0; i < value.n; i++)
			buffer_char(out, value.p[i] == ' ' ? '+' : value.p[i]);
	}
}

static void body_write(struct choosing *choosing)
{
	const struct route *route = choosing->made->route;
	struct buffer *out = &choosing->made->body;
	bool is_form = strncmp(route->path, "/me/", 4) == 0 || strncmp(route->path, "/console/", 9) == 0;
	if (route->method == HTTP_GET && choose(choosing, 16))
		return;
	switch (choose(choosing, 10)) {
	case 0:
		return buffer_text(out, choose_raw(choosing));
	case 1:
		return any_write(out, choosing, 0);
	case 2:
		return event_write(out, choosing);
	case 3:
		return batch_write(out, choosing);
	case 4:
		return form_write(out, choosing);
	default:
		return is_form ? form_write(out, choosing) : body_of_route(out, choosing, route);
	}
}

/* ---- the head ---- */

/* A copy that lasts as long as the request. */
static struct text keep(struct choosing *choosing, struct text text)
{
	struct buffer *texts = &choosing->made->texts;
	size_t at = texts->n;
	buffer_text(texts, text);
	buffer_char(texts, 0);
	return texts->failed ? (struct text){"", 0} : (struct text){texts->p + at, text.n};
}

/* The route's path with texts for what is in braces; now and then another path altogether. */
static void path_write(struct choosing *choosing)
{
	struct made *made = choosing->made;
	struct text rest = text_of(made->route->path), part;
	bool first = true;
	if (choose(choosing, 64) == 63) {
		buffer_text(&made->path, choose_raw(choosing));
	} else {
		while (text_next(&rest, '/', &part)) {
			buffer_string(&made->path, first ? "" : "/");
			buffer_text(&made->path, text_starts(part, TEXT("{")) ? choose_text(choosing) : part);
			first = false;
		}
	}
	made->sent.path = made->path.failed || !made->path.n ? TEXT("/") : buffer_view(&made->path);
}

static void head_write(struct choosing *choosing)
{
	struct made *made = choosing->made;
	static const enum http_method methods[] = {HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS, HTTP_HEAD, HTTP_OTHER};
	unsigned odd = choose(choosing, 32);
	made->sent.method = odd == 31 ? methods[choose(choosing, COUNT(methods))] : made->route->method;
	for (unsigned n = choose(choosing, MADE_QUERY_MAX + 1); n > 0; n--)
		made->query[made->sent.query_n++] = (struct sent_pair){names[choose(choosing, COUNT(names))], keep(choosing, choose_text(choosing))};
	for (unsigned n = odd & 1 ? choose(choosing, MADE_HEADERS_MAX + 1) : 0; n > 0; n--)
		made->headers[made->sent.headers_n++] = (struct sent_pair){headers[choose(choosing, COUNT(headers))], keep(choosing, choose_text(choosing))};
	made->sent.query = made->query;
	made->sent.headers = made->headers;
	made->sent.same_site = choose(choosing, 16) != 15;
	if (odd == 30)
		made->sent.encoding = TEXT("gzip");
}

static size_t routes_count(void)
{
	size_t n = 0;
	while (routes[n].path)
		n++;
	return n;
}

void made_request(struct made *made, const uint8_t *bytes, size_t n, const struct pool *pool, struct text form_token)
{
	struct choosing choosing = {bytes, n, pool, made, form_token};
	*made = (struct made){.path = BUFFER_INIT(8192), .body = BUFFER_INIT(MADE_BODY_BYTES_MAX), .texts = BUFFER_INIT(TEXTS_BYTES_MAX)};
	buffer_reserve(&made->texts, TEXTS_BYTES_MAX); /* So that it does not move. */
	made->route = &routes[choose(&choosing, routes_count())];
	made->by = (enum made_by)choose(&choosing, MADE_BY);
	made->role = choose(&choosing, 5);
	path_write(&choosing);
	head_write(&choosing);
	body_write(&choosing);
	made->sent.body = made->body.failed ? (struct text){"", 0} : buffer_view(&made->body);
}

void made_free(struct made *made)
{
	buffer_free(&made->path);
	buffer_free(&made->body);
	buffer_free(&made->texts);
}

/* ---- what answers name ---- */

static bool is_of_id(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == 'u' || c == 'd' || c == 'q' || c == 's';
}

void pool_learn(struct pool *pool, struct text answer)
{
	size_t learnt = 0;
	for (size_t at = 0; at + 8 < answer.n && learnt < 4; at++) {
		size_t end = at + 1;
		if (answer.p[at] != '"')
			continue;
		while (end < answer.n && is_of_id(answer.p[end]))
			end++;
		if (end == answer.n || answer.p[end] != '"' || end - at < 14 || end - at >= POOL_ID_BYTES)
			continue;
		struct text id = {answer.p + at + 1, end - at - 1};
		bool known = false;
		for (size_t i = 0; i < pool->n && i < POOL_IDS && !known; i++)
			known = text_equal(text_of(pool->ids[i]), id);
		if (known)
			continue;
		char *room = pool->ids[pool->n < POOL_IDS ? pool->n : learnt * 7 % POOL_IDS];
		memcpy(room, id.p, id.n);
		room[id.n] = 0;
		pool->n += pool->n < POOL_IDS;
		learnt++;
		at = end;
	}
}
