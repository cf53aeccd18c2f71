/* flips_folder.c: see flips.h. */
#include "flips.h"

#include "base/clock.h"
#include "base/folder.h"
#include "cli/house.h"
#include "serve/keys.h"
#include "serve/staff.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD "a long enough password"

static const char *const people[PEOPLE_N] = {"ana", "ben", "cleo"};

static const char settings_text[] =
	"# Small files, so that a folder is soon copied.\nlog_segment_mb = 1\ndisk_reserve_mb = 1\nsnapshot_every_s = 3600\naggregate_min = 1\n"
	"threads = 1\nworkers = 1\nlog_level = error\n";

static const char configuration[] =
	"kind: purpose\nname: personalisation\ntitle: Remember how I do things\ntext: We remember which amounts you use, so that your usual choice stands first.\n"
	"version: 1\nretention: two years\n---\n"
	"kind: purpose\nname: analytics\ntitle: Learn from how I use it\ntext: We count your visits together with those of others.\nversion: 1\n---\n"
	"kind: purpose\nname: marketing\ntitle: Offers\ntext: We write to you when something fits you.\nversion: 2\n---\n"
	"kind: surface\nname: machine-withdrawal\ntype: usual\npurpose: personalisation\nlearns: {event: Cash Withdrawn, field: amount, with: [notes]}\n"
	"standard: [20, 50, 100, 200]\ncurrency: EUR\nverb: took\nsaves: 10s\n---\n"
	"kind: price-list\nname: small\ncurrency: EUR\nminute: {phone: .90, branch: 1.20}\ncustomer_minute: .20\nlines:\n"
	"  - {event: Cash Withdrawn, income: .60, cost: .12, saves: 6}\n  - {event: Page Read, cost: .01, gives: .10}\n";

static _Noreturn void impossible(const char *what)
{
	fprintf(stderr, "flips: %s\n", what);
	abort();
}

/* ---- asking ---- */

struct client {
	int socket;
	uint16_t port;
	const struct made *made;
	char head[2048];
	struct buffer in;
};

static bool connect_to(struct client *client)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(client->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;
	const struct linger at_once = {.l_onoff = 1};
	if (client->socket >= 0)
		close(client->socket);
	client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(client->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); /* Nothing waits in the system after this process. */
	return connect(client->socket, (struct sockaddr *)&address, sizeof address) == 0;
}

/* The bytes of the whole reply in @in, once they are all there; 0: not yet. */
static size_t reply_bytes(const struct buffer *in, size_t *head)
{
	const char *end = in->n ? memmem(in->p, in->n, "\r\n\r\n", 4) : NULL;
	if (!end)
		return 0;
	*head = (size_t)(end - in->p) + 4;
	const char *length = memmem(in->p, *head, "Content-Length: ", 16);
	if (length)
		return *head + strtoull(length + 16, NULL, 10);
	bool chunked = memmem(in->p, *head, "chunked", 7);
	return !chunked ? *head : in->n > *head + 5 && memcmp(in->p + in->n - 5, "0\r\n\r\n", 5) == 0 ? in->n : 0;
}

/* The status of the answer, its body in @body until the next question; 0: none came. */
static int ask(struct client *client, const char *method, const char *path, const char *key, const char *send_body, struct text *body)
{
	size_t n = send_body ? strlen(send_body) : 0, head = 0, whole = 0;
	int length = snprintf(client->head, sizeof client->head, "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\nContent-Type: application/json\r\n\r\n",
	                      method, path, key, n);
	buffer_reset(&client->in);
	if (client->socket < 0 && !connect_to(client))
		return 0;
	if (send(client->socket, client->head, (size_t)length, MSG_NOSIGNAL | (n ? MSG_MORE : 0)) != length ||
	    (n && send(client->socket, send_body, n, MSG_NOSIGNAL) != (ssize_t)n))
		return 0;
	while (!(whole = reply_bytes(&client->in, &head)) || client->in.n < whole) {
		char part[16 * 1024];
		ssize_t got = recv(client->socket, part, sizeof part, 0);
		if (got <= 0)
			return 0;
		buffer_append(&client->in, part, (size_t)got);
	}
	*body = (struct text){client->in.p + head, whole - head};
	return (int)strtol(client->in.p + 9, NULL, 10);
}

/* ---- making ---- */

static void must(struct client *client, const char *method, const char *path, const char *key, const char *body, struct text *answer)
{
	struct text ignored = {0};
	int status = ask(client, method, path, key, body, answer ? answer : &ignored);
	if (status == 200)
		return;
	fprintf(stderr, "%s %s: %d %.*s\n", method, path, status, TEXT_ARGS(answer ? *answer : ignored));
	impossible("the folder could not be made");
}

/* The text behind "@name": in @json, or impossible. */
static void member_copy(struct text json, const char *name, char *out, size_t n)
{
	char wanted[40];
	int length = snprintf(wanted, sizeof wanted, "\"%s\":\"", name);
	const char *at = memmem(json.p, json.n, wanted, (size_t)length), *end = at ? strchr(at + length, '"') : NULL;
	if (!end || (size_t)(end - at - length) >= n)
		impossible(name);
	snprintf(out, n, "%.*s", (int)(end - at - length), at + length);
}

static void token_make(struct server *server, const char *subject, char out[1024], char jti[2 * TOKEN_ID_BYTES + 1])
{
	struct arena arena;
	struct text token, claims, rest;
	char plain[1024] = "";
	size_t n;
	arena_init(&arena, 1 << 16);
	if (token_sign(server->keys, &arena, text_of(subject), clock_now_ms() / 1000 + TOKEN_SECONDS_MAX - 60, &token) != 0)
		impossible("no token");
	snprintf(out, 1024, "%.*s", TEXT_ARGS(token));
	rest = token;
	text_next(&rest, '.', &claims);
	text_next(&rest, '.', &claims);
	if (sodium_base642bin((uint8_t *)plain, sizeof plain - 1, claims.p, claims.n, NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		impossible("no claims");
	member_copy((struct text){plain, n}, "jti", jti, 2 * TOKEN_ID_BYTES + 1);
	arena_free(&arena);
}

static void keys_make(const char *folder, struct made *made)
{
	struct keys *keys;
	struct staff *staff = NULL;
	struct account account;
	char invitation[STAFF_TOKEN_BYTES];
	int error = keys_open(&keys, folder);
	if (!error)
		error = keys_add(keys, &(struct key_made){.scope = KEY_WRITE, .source = TEXT("web")}, made->write);
	if (!error)
		error = keys_add(keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, made->secret);
	if (!error)
		error = staff_open(&staff, folder);
	if (!error)
		error = staff_invite(staff, TEXT(""), ROLE_ADMIN, invitation);
	if (!error)
		error = staff_accept(staff, text_of(invitation), TEXT("dora"), TEXT(PASSWORD), &account);
	if (!error)
		error = staff_invite(staff, TEXT("emil"), ROLE_SERVICE, invitation);
	if (error)
		impossible("no keys or staff");
	staff_close(staff);
	keys_close(keys);
}

static void events_send(struct client *client, const char *secret)
{
	struct buffer batch = BUFFER_INIT(64 * 1024);
	buffer_string(&batch, "{\"batch\":[");
	for (size_t i = 0; i < PEOPLE_N + 1; i++) {
		const char *name = i < PEOPLE_N ? people[i] : "gone";
		buffer_format(&batch, "{\"type\":\"identify\",\"userId\":\"%s\",\"messageId\":\"i-%s\",\"traits\":{\"name\":\"%s\",\"email\":\"%s@example.org\"}},", name, name, name, name);
		for (int page = 0; page < 3; page++)
			buffer_format(&batch, "{\"type\":\"track\",\"userId\":\"%s\",\"messageId\":\"p-%s-%d\",\"event\":\"Page Read\",\"properties\":{\"page\":%d,\"amount\":%d}},", name,
			              name, page, page, 10 + page);
	}
	buffer_string(&batch, "{\"type\":\"track\",\"anonymousId\":\"a-1\",\"event\":\"Seen\",\"messageId\":\"m-1\"},"
	                      "{\"type\":\"identify\",\"userId\":\"ana\",\"anonymousId\":\"a-1\",\"messageId\":\"m-2\"},{\"type\":\"track\"}]}");
	buffer_char(&batch, 0);
	must(client, "POST", "/v1/batch", secret, batch.p, NULL);
	buffer_free(&batch);
}

static void acts_do(struct client *client, struct server *server, struct made *made)
{
	char path[200], jti[2 * TOKEN_ID_BYTES + 1], gone[1024];
	struct text answer;
	for (size_t i = 0; i < PEOPLE_N; i++) {
		snprintf(path, sizeof path, "/v1/customers?identifier=user:%s", people[i]);
		must(client, "GET", path, made->secret, NULL, &answer);
		member_copy(answer, "cid", made->cids[i], sizeof made->cids[i]);
		snprintf(path, sizeof path, "/v1/customers/%s/consents", made->cids[i]);
		must(client, "POST", path, made->secret, "{\"purpose\":\"personalisation\",\"answer\":\"yes\",\"version\":1,\"text\":\"We remember which amounts you use, so that your usual choice stands first.\"}", NULL);
		must(client, "POST", path, made->secret, i ? "{\"purpose\":\"analytics\",\"answer\":\"yes\",\"version\":1,\"text\":\"We count your visits together with those of others.\"}"
		                                          : "{\"purpose\":\"marketing\",\"answer\":\"no\"}", NULL);
	}
	token_make(server, "user:gone", gone, jti);
	must(client, "DELETE", "/v1/customers/me?because=asked", gone, NULL, &answer);
	must(client, "GET", "/v1/erasures", made->secret, NULL, &answer);
	member_copy(answer, "erasure", made->certificate, sizeof made->certificate);
	token_make(server, "user:ana", made->token, jti);
	token_make(server, "user:ana", made->ended, jti);
	snprintf(path, sizeof path, "/v1/tokens/%s", jti);
	must(client, "DELETE", path, made->secret, NULL, NULL);
}

void flips_make(const char *folder, struct made *made)
{
	char path[PATH_BYTES], problem[200], json[8192];
	struct server *server;
	struct client client = {.socket = -1, .in = BUFFER_INIT(1 << 20)};
	if (mkdir(folder, 0700) != 0)
		impossible("no folder");
	snprintf(path, sizeof path, "%s/attune.conf", folder);
	if (file_replace(path, text_of(settings_text)) != 0)
		impossible("no settings");
	keys_make(folder, made);
	if (flips_start(&server, folder, problem) != 0)
		impossible("no start");
	client.port = server_port(server);
	struct buffer files = BUFFER_INIT(sizeof json);
	struct json_writer out = JSON_WRITER(&files);
	json_object_begin(&out);
	json_key(&out, TEXT("files"));
	json_array_begin(&out);
	json_object_begin(&out);
	json_put_text(&out, "name", TEXT("small.yaml"));
	json_put_text(&out, "text", text_of(configuration));
	json_object_end(&out);
	json_array_end(&out);
	json_object_end(&out);
	snprintf(json, sizeof json, "%.*s", TEXT_ARGS(buffer_view(&files)));
	buffer_free(&files);
	must(&client, "POST", "/v1/configuration", made->secret, json, NULL);
	events_send(&client, made->secret);
	acts_do(&client, server, made);
	must(&client, "POST", "/v1/snapshot", made->secret, "{}", NULL);
	close(client.socket);
	client.socket = -1;
	server_stop(server);
	/* A second start, which ends as a crash does: there is something to replay. */
	if (flips_start(&server, folder, problem) != 0)
		impossible("no second start");
	client.port = server_port(server);
	if (!connect_to(&client))
		impossible("no connection");
	must(&client, "POST", "/v1/batch", made->secret, "{\"batch\":[{\"type\":\"track\",\"userId\":\"ben\",\"messageId\":\"after\",\"event\":\"After\"}]}", NULL);
}

/* ---- what a server says ---- */

int flips_start(struct server **server, const char *folder, char problem[200])
{
	char path[PATH_BYTES];
	struct server_options options = {.folds = &house_folds, .kinds = &house_kinds, .column = house_column, .folder = folder};
	*problem = 0;
	settings_default(&options.settings);
	snprintf(path, sizeof path, "%s/attune.conf", folder);
	int error = settings_read(&options.settings, path, problem);
	if (error)
		return error;
	options.settings.port = 0;
	options.settings.threads = options.settings.workers = 1; /* Whatever it says: a start of many threads takes its time. */
	return server_start(server, &options);
}

static void enter(struct answers *answers, const char *name, int status, struct text text)
{
	size_t i = answers->n++;
	if (i == ANSWERS_MAX)
		impossible("too many answers");
	snprintf(answers->items[i].name, ANSWER_NAME_BYTES, "%s", name);
	int n = snprintf(answers->items[i].text, ANSWER_BYTES_MAX, "%d %.*s", status, TEXT_ARGS(text));
	if (n >= ANSWER_BYTES_MAX)
		impossible("an answer is too long");
	answers->items[i].bytes = (uint32_t)n;
}

static void note(struct client *client, struct answers *answers, const char *name, const char *path, const char *key)
{
	enum { TRIES = 100, PAUSE_US = 50000 };
	struct text text = {"", 0};
	int status = ask(client, "GET", path, key, NULL, &text);
	for (int i = 0; status == 503 && i < TRIES; i++) { /* What is made again comes by and by. */
		usleep(PAUSE_US);
		status = ask(client, "GET", path, key, NULL, &text);
	}
	enter(answers, name, status, status ? text : (struct text){"", 0});
}

/* Keys and accounts, from the memory of @server. */
static void known_note(struct server *server, const struct made *made, bool password, struct answers *answers)
{
	struct account list[8];
	char room[2048];
	const struct key *write = keys_find(server->keys, text_of(made->write), clock_now_ms());
	int n = snprintf(room, sizeof room, "%s %d;", write ? write->source : "nobody", write ? write->scope : 0);
	size_t accounts = staff_list(server->staff, list, 8);
	for (size_t i = 0; i < accounts; i++)
		n += snprintf(room + n, sizeof room - (size_t)n, " %s %u %lld %lld %d %d;", list[i].name, list[i].roles, (long long)list[i].created_ms,
		              (long long)list[i].changed_ms, list[i].disabled, list[i].invited);
	if (password) /* Takes a tenth of a second. */
		n += snprintf(room + n, sizeof room - (size_t)n, " %d", staff_check(server->staff, TEXT("dora"), TEXT(PASSWORD), list));
	enter(answers, "known", 0, (struct text){room, (size_t)n});
}

void flips_ask(struct server *server, const struct made *made, const char *about, struct answers *answers)
{
	static const char *const parts[] = {"", "/timeline?n=1000", "/consents", "/digest"};
	struct client client = {.socket = -1, .port = server_port(server), .made = made, .in = BUFFER_INIT(1 << 20)};
	char path[200], name[ANSWER_NAME_BYTES];
	answers->n = 0;
	note(&client, answers, "audit", "/v1/audit/verify", made->secret);
	note(&client, answers, "journeys", "/v1/journeys", made->secret);
	for (size_t i = 0; i < PEOPLE_N; i++) {
		snprintf(path, sizeof path, "/v1/customers?identifier=user:%s", people[i]);
		snprintf(name, sizeof name, "who %s", people[i]);
		note(&client, answers, name, path, made->secret);
		for (size_t part = 0; part < sizeof parts / sizeof *parts; part++) {
			snprintf(path, sizeof path, "/v1/customers/%s%s", made->cids[i], parts[part]);
			snprintf(name, sizeof name, "%s %s", people[i], parts[part]);
			note(&client, answers, name, path, made->secret);
		}
	}
	note(&client, answers, "anonymous", "/v1/customers?identifier=anonymous:a-1", made->secret);
	note(&client, answers, "gone", "/v1/customers?identifier=user:gone", made->secret);
	note(&client, answers, "erasures", "/v1/erasures", made->secret);
	snprintf(path, sizeof path, "/v1/erasures/%s", made->certificate);
	note(&client, answers, "certificate", path, made->secret);
	note(&client, answers, "certificate key", "/v1/certificate-key", made->secret);
	note(&client, answers, "refused", "/v1/dead-letters", made->secret);
	note(&client, answers, "configuration", "/v1/configuration", made->secret);
	note(&client, answers, "keys", "/v1/keys", made->secret);
	note(&client, answers, "token", "/v1/customers/me/consents", made->token);
	note(&client, answers, "ended token", "/v1/customers/me/consents", made->ended);
	known_note(server, made, strcmp(about, "staff") == 0, answers);
	close(client.socket);
	buffer_free(&client.in);
}
