/*
 * server.h: the server: routes, who may call them, and the context every handler gets.
 *
 * One table (ROUTES in routes.h) says method, path, who may call, inline or worker, limits and one sentence for each
 * route; the router, /openapi.json and docs/api.md come from it. An inline handler answers from memory within 200 µs and
 * never scans; the others run in a lane of the pool (work.h), their client's connection suspended meanwhile. An inline
 * handler that meets a customer whose long history has to be folded again is put off: what it wrote is dropped, and it runs
 * again in the large lane, where it may wait. So an inline handler may be called twice: it writes nothing before it knows that
 * it need not be put off, or knows what it has written. What changes a customer is a worker's, but for events and decisions.
 */
#ifndef ATTUNE_SERVE_SERVER_H
#define ATTUNE_SERVE_SERVER_H

#include "base/json.h"
#include "base/settings.h"
#include "engine/config_build.h"
#include "engine/engine.h"
#include "identify/identifier.h"
#include "serve/configurations.h"
#include "serve/http.h"
#include "serve/keys.h"
#include "serve/work.h"

#include <pthread.h>
#include <stdatomic.h>

enum { REQUEST_BODY_BYTES_MAX = 512 * 1024, REQUEST_PARAMETERS_MAX = 3, MESSAGE_LOCKS = 64 };

struct server;
struct request;
struct hub;
struct dead_letters;
struct erasures;
struct signer;
struct worth_view;
struct standing;
struct buying_models;
struct staff;
struct sessions;
struct pace;
struct tokens;
struct audit;
struct retention_run;
struct spools;

/* Who called. Staff who are signed in act for the company, so their scope is KEY_SECRET, within their roles. */
struct caller {
	enum key_scope scope;       /* KEY_NONE: nobody we know. */
	const struct key *key;      /* Of a write or secret key. */
	struct text subject;        /* Of a customer token: "user:ana" or a cid. */
	struct token token;         /* What else that says. */
	struct text staff;          /* Who is signed in, terminated; empty for keys and tokens. */
	unsigned roles;             /* Theirs: ROLE_... bits. */
	bool by_cookie;             /* The console or the portal: writing needs the header X-Attune. */
};

/* What a member of a body may be: bits of enum json_type. null, and a member that is left out, are always taken. */
#define BODY_TEXT   (1u << JSON_TEXT)
#define BODY_NUMBER (1u << JSON_INT | 1u << JSON_DOUBLE)
#define BODY_BOOL   (1u << JSON_BOOL)
#define BODY_LIST   (1u << JSON_ARRAY)
#define BODY_OBJECT (1u << JSON_OBJECT)
#define BODY_SCALAR (BODY_TEXT | BODY_NUMBER | BODY_BOOL)

struct body_member {
	const char *name;           /* NULL: the end of the list. */
	size_t name_n;
	unsigned types;             /* BODY_… */
};

enum route_mode {
	ROUTE_INLINE, /* Answered at once, from memory. */
	ROUTE_WORKER, /* About one customer, in the quick lane (work.h). */
	ROUTE_LARGE,  /* Reads a whole history or the whole base: in the large lane. */
};

struct route {
	enum http_method method;
	const char *path;           /* "/v1/customers/{cid}/timeline" */
	unsigned scopes;            /* KEY_… bits, and ROLE_… bits of staff; 0: anybody. An admin may what a secret key may. */
	enum route_mode mode;
	void (*handle)(struct request *request);
	const char *sentence;
	/* Answers an error to a person in a browser, with no headers but the safe ones set before; NULL: JSON to a program. */
	void (*refuse)(struct request *request, int status, const char *code);
	const struct body_member *body; /* The members of the JSON body that have a type, NULL: none. */
	bool collects;              /* Its body is events: refused unread from who may send no more. */
};

struct request {
	struct server *server;
	struct http_exchange *http;
	struct arena *arena;
	const struct route *route;
	struct caller caller;
	struct text parameters[REQUEST_PARAMETERS_MAX]; /* Of {…} in the path, in order. */
	struct json_writer out;     /* To the reply's body. */
	int64_t now_ms;
	uint64_t wait_for;          /* Answer only when this position is durable; 0: at once. */
	struct log_waiter waiter;
	struct work_item work;
	enum lane lane;             /* Where it is put when it is paused for work. */
	struct collect *collect;    /* Of a batch that goes on in the large lane. */
	size_t headers_n;           /* Of the reply, before the handler. */
	uint32_t put_off;           /* The customer whose history is for the large lane; 0: none. */
	bool inflated;              /* The body is unpacked already. */
	int64_t retry_after_s;      /* Of an error 429 or 503; 0: a second. */
	bool counted;               /* Against the limits of customer tokens. */
	bool streaming;
	uint64_t begun_ns;
};

/* Counters of /metrics, by route and status class. */
struct server_figures {
	_Atomic uint64_t requests[6]; /* By hundreds of the status. */
	_Atomic uint64_t events_accepted, events_rejected, events_duplicate, events_suppressed, decisions, responses_unknown, requests_refused, warnings, names_folded;
	_Atomic uint64_t sign_ins, sign_ins_refused, requests_paced;
	_Atomic uint64_t latency[32]; /* By powers of two of a microsecond. */
	_Atomic uint64_t latency_us;  /* All together. */
};

struct server {
	struct settings settings;
	char folder[4096];
	int lock;                    /* Of the folder; negative: not locked. */
	struct engine *engine;
	struct keys *keys;
	struct tokens *tokens;
	struct staff *staff;
	struct sessions *sessions;
	struct pace *pace;
	struct configurations configurations;
	struct http *http;
	struct hub *hub;
	struct dead_letters *dead_letters;
	struct erasures *erasures;
	struct signer *signer;
	struct audit *audit;
	struct buying_models *buying;
	struct retention_run *retention;
	struct spools *spools;
	struct server_figures figures;

	struct work *work;
	atomic_bool stopping;
	_Atomic size_t under_way;    /* Whole requests whose answer has not gone out yet. */
	pthread_mutex_t message_locks[MESSAGE_LOCKS]; /* By messageId: one copy of an event at a time. Before all locks of the engine. */
	_Atomic int64_t new_customers_minute, new_customers;
	int64_t started_ms;
	_Atomic int64_t audit_checked_ms; /* When all of the audit log was checked last; below zero: it was not sound then; 0: never. */
	pthread_mutex_t worth_lock;  /* Protects worth; held while it is computed. */
	struct worth_view *worth[2]; /* The newest of now, and of another moment: see worth.h. */
	pthread_mutex_t standing_lock; /* Protects standing; held while it is computed. */
	struct standing *standing;   /* The newest; NULL: nobody has asked yet. See standing.h. */
};

struct server_options {
	struct settings settings;
	const char *folder;
	const struct fold_table *folds;
	const struct config_kinds *kinds;
	bool (*column)(const struct event *event, int32_t *value);
};

/* Open the data folder and everything in it, and begin to listen. Errors: those of engine_open, keys_open, http_start. */
int server_start(struct server **out, const struct server_options *options) MUST_CHECK;
uint16_t server_port(const struct server *server);
/* Serve what is under way, write everything, and close. */
void server_stop(struct server *server);

/* server.c, for server_start.c: who answers what comes in, and what is put off. Either may be NULL. */
void server_answers(struct server *server, struct http_options *http, struct work_options *work);

/* ---- for handlers ---- */

/* Answer an error: {"code", "message"}. What was written to the reply before is dropped. */
void reply_error(struct request *request, int status, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for an error code of ours: its name, sentence and the status that fits it. */
void reply_failure(struct request *request, int error);

/*
 * Parse the body as a JSON object whose members have the types that the route names. On failure the error is answered and
 * false returned.
 */
bool request_json(struct request *request, struct json *root);

/* Has every member of @object that @members names its type? If not, 400 "wrong_type" is answered and false returned. */
bool body_check(struct request *request, struct json object, const struct body_member *members);

/* Unpack a gzip body in place. On failure the error is answered. */
bool body_inflate(struct request *request);

/* Ids of records as they stand in answers: a letter and the position in hex. */
bool record_parse(struct text text, char letter, uint64_t *position);
struct text record_format(char out[24], char letter, uint64_t position);

/* The record at @position, if it is one of the customer of @origin. Errors: ERROR_NOT_FOUND. */
int record_own(struct request *request, uint32_t origin, uint64_t position, struct event *event) MUST_CHECK;

/* The header of a record that the server makes itself for @request now. */
struct event_header request_header(struct request *request, enum event_kind kind, enum channel channel);

/* Append a record to the customer of @origin: lock, refresh, append. Errors: those of engine_append, customer_refresh. */
int request_append(struct request *request, uint32_t origin, struct engine_write *write, uint64_t *position) MUST_CHECK;

/* A text, or a number as its digits: some SDKs send numeric ids. */
struct text text_or_number(struct arena *arena, struct json json);

/* When the request came, in ms of the monotonic clock: for limits and pauses, which a clock that is set must not move. */
static inline int64_t request_steady_ms(const struct request *request)
{
	return (int64_t)(request->begun_ns / 1000000);
}

/* The caller as a number: whose turn something takes, and with whom it is counted. Never 0. */
uint64_t request_who(struct request *request);

/* The parser of this thread. */
struct json_parser *thread_parser(void);
/* The buffer of this thread, empty: for one use at a time. */
struct buffer *thread_buffer(void);

/*
 * Find the customer a request speaks of: {cid} in the path, "customer" in a body ({"cid"} or {"identifier"}), or the
 * token's own. Checks that the caller may see this customer. On failure the error is answered and 0 returned; otherwise
 * an origin number. A path that names a customer of a long history gives 0 in the quick lane: see request_puts_off.
 */
uint32_t request_customer_path(struct request *request, struct text cid);
uint32_t request_customer_body(struct request *request, struct json customer);
uint32_t request_customer_identifier(struct request *request, struct text identifier);
/*
 * Is the history of the customer of @origin too long for the quick lane, where the request is? Then nothing is to be answered: it
 * begins again in the large lane. To be asked before anything is changed.
 */
bool request_puts_off(struct request *request, uint32_t origin);
/* The origin a token's subject or an identifier text names; 0 when there is none. */
uint32_t customer_named(struct server *server, struct text name);

/* The customer of @origin, by whose own token the caller calls, uses @anonymous: what is held of it counts from now on. Errors: ERROR_NOT_FOUND, those of engine_append. */
int request_confirm(struct request *request, uint32_t origin, struct text anonymous) MUST_CHECK;

/* Lock the customer of @origin, with fresh states; NULL with the error answered. */
struct customer *request_customer_fresh(struct request *request, uint32_t origin) MUST_CHECK;

/* Is more known about the customer of @origin than anonymousIds? */
bool customer_is_known(struct server *server, uint32_t origin);

/* A time in a query or the body; false (and the error answered) when it is given and no time. */
bool request_time(struct request *request, const char *name, int64_t otherwise, int64_t *ms);
bool request_number(struct request *request, const char *name, int64_t otherwise, int64_t smallest, int64_t largest, int64_t *n);

extern const struct route routes[];
/* The route of exactly this method and path, as it stands in the table; NULL without. */
const struct route *route_named(enum http_method method, const char *path);

#endif
