/* routes.c: the table of routes: the router, /openapi.json and docs/api.md come from it. */
#include "serve/api.h"
#include "serve/collect.h"
#include "serve/staff.h"

#include <string.h>

/* Who may call: keys, tokens of customers for their own, and staff by their roles. What names no role is for admins alone. */
#define COLLECT (KEY_WRITE | KEY_SECRET | KEY_CUSTOMER)
#define OWN (KEY_SECRET | KEY_CUSTOMER)
#define SERVED (OWN | ROLE_SERVICE)                                           /* Serving one customer. */
#define RIGHTS (SERVED | ROLE_PRIVACY)                                        /* What a customer may know and decide of it. */
#define LOOKED_AT (OWN | ROLE_SERVICE | ROLE_PRIVACY | ROLE_MANAGER)          /* Managers: of who agreed to it. */
#define FIGURES (KEY_SECRET | ROLE_MANAGER | ROLE_ANALYST)                    /* Of at least aggregate_min customers. */
#define OPENED (KEY_SECRET | ROLE_MANAGER)                                    /* The customers behind a figure, or single words of theirs. */

/* ---- bodies ---- */

#define BODY(...) ((const struct body_member[]){__VA_ARGS__, {NULL, 0, 0}})
#define MEMBER(name, types) {"" name, sizeof(name) - 1, (types)}
#define TEXTS(name) MEMBER(name, BODY_TEXT)
#define CHANNEL_BODY TEXTS("channel")
#define CUSTOMER_BODY MEMBER("customer", BODY_OBJECT)

/* Segment's calls: one event. What stands in it is checked event by event, as a batch has many; here is what a batch shares. */
#define CALL_BODY BODY(TEXTS("writeKey"))
#define BATCH_BODY BODY(TEXTS("writeKey"), MEMBER("context", BODY_OBJECT))

#define DECIDE_BODY BODY(CUSTOMER_BODY, TEXTS("surface"), CHANNEL_BODY, MEMBER("context", BODY_OBJECT), MEMBER("explain", BODY_BOOL), \
                         MEMBER("durable", BODY_BOOL), TEXTS("writeKey"))
#define RESPONSE_BODY BODY(CUSTOMER_BODY, CHANNEL_BODY, TEXTS("decision"), TEXTS("suggestion"), TEXTS("answer"))
#define PREVIEW_BODY BODY(TEXTS("consequence"), MEMBER("state", BODY_OBJECT), MEMBER("change", BODY_OBJECT))
#define CONSENT_BODY BODY(CHANNEL_BODY, TEXTS("purpose"), TEXTS("answer"), TEXTS("actor"), TEXTS("text"), MEMBER("version", BODY_TEXT | BODY_NUMBER), \
                          MEMBER("notice", BODY_OBJECT | BODY_TEXT | BODY_NUMBER), MEMBER("control", BODY_OBJECT | BODY_TEXT | BODY_NUMBER),           \
                          TEXTS("method"), TEXTS("language"), TEXTS("jurisdiction"), TEXTS("evidence"), TEXTS("valid_until"))
#define REQUEST_BODY BODY(CUSTOMER_BODY, CHANNEL_BODY, TEXTS("type"), TEXTS("text"), TEXTS("decision"))
#define REQUEST_ACT_BODY BODY(TEXTS("state"), TEXTS("because"), TEXTS("extended_until"))
#define CORRECT_BODY BODY(CHANNEL_BODY, TEXTS("trait"), TEXTS("because"))

/* The busiest come first. */
const struct route routes[] = {
	{HTTP_POST, "/v1/decide", COLLECT | ROLE_SERVICE, ROUTE_INLINE, api_decide, "What should this customer get next on this surface, and why.", .body = DECIDE_BODY},
	{HTTP_POST, "/v1/track", COLLECT, ROUTE_INLINE, collect_track, "Something happened (Segment's track).", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/batch", COLLECT, ROUTE_INLINE, collect_batch, "Several events in one call (Segment's batch).", .body = BATCH_BODY, .collects = true},
	{HTTP_POST, "/v1/t", COLLECT, ROUTE_INLINE, collect_track, "As /v1/track, in the browser SDK's spelling.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/p", COLLECT, ROUTE_INLINE, collect_page, "As /v1/page.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/s", COLLECT, ROUTE_INLINE, collect_screen, "As /v1/screen.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/i", COLLECT, ROUTE_INLINE, collect_identify, "As /v1/identify.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/g", COLLECT, ROUTE_INLINE, collect_group, "As /v1/group.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/a", COLLECT, ROUTE_INLINE, collect_alias, "As /v1/alias.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/b", COLLECT, ROUTE_INLINE, collect_batch, "As /v1/batch.", .body = BATCH_BODY, .collects = true},
	{HTTP_POST, "/v1/m", 0, ROUTE_INLINE, collect_metrics, "The SDK's own measurements: taken and dropped."},
	{HTTP_POST, "/v1/page", COLLECT, ROUTE_INLINE, collect_page, "A page was seen.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/screen", COLLECT, ROUTE_INLINE, collect_screen, "A screen was seen.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/identify", COLLECT, ROUTE_INLINE, collect_identify, "Who somebody is, and what they state.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/group", COLLECT, ROUTE_INLINE, collect_group, "Somebody belongs to an account.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/alias", COLLECT, ROUTE_INLINE, collect_alias, "Two ids are one person: an explicit link.", .body = CALL_BODY, .collects = true},
	{HTTP_POST, "/v1/import", KEY_SECRET, ROUTE_INLINE, collect_import, "Historical events, in a batch: stored as they are, nothing acts on them.", .body = BATCH_BODY},
	{HTTP_GET, "/v1/projects/{key}/settings", 0, ROUTE_INLINE, collect_settings, "What Segment's browser SDK fetches first."},
	{HTTP_POST, "/v1/response", SERVED, ROUTE_WORKER, api_response, "What the customer did with a decision, or answered to its question. With \"customer\", one to an unknown decision is kept too, and teaches nothing.", .body = RESPONSE_BODY},
	{HTTP_POST, "/v1/preview", SERVED, ROUTE_WORKER, api_preview, "What a choice would lead to, before it is made: {\"consequence\", \"state\", \"change\"}; and the nearest better ones.", .body = PREVIEW_BODY},
	{HTTP_GET, "/v1/customers", LOOKED_AT, ROUTE_LARGE, api_customers, "Find customers: ?identifier=user:ana, or a list: ?q=&n=&after=, or who is behind a figure: ?channel=&who=identified|agreed."},
	{HTTP_POST, "/v1/customers/import", KEY_SECRET, ROUTE_LARGE, api_customer_import, "The zip of another server's /export, as the body: the customer is taken in with everything that is kept. Twice adds nothing. ?signed_by= wants it signed with that key (base64); ?erased=again also takes who was erased here."},
	{HTTP_GET, "/v1/customers/{cid}", LOOKED_AT, ROUTE_INLINE, api_card, "A customer's card."},
	{HTTP_GET, "/v1/customers/{cid}/timeline", LOOKED_AT, ROUTE_WORKER, api_timeline, "What happened, newest first, in pages: ?n=&before=."},
	{HTTP_GET, "/v1/customers/{cid}/decisions", RIGHTS, ROUTE_WORKER, api_decisions, "What was decided, newest first, in pages."},
	{HTTP_GET, "/v1/customers/{cid}/decisions/{decision}", RIGHTS, ROUTE_WORKER, api_decision, "One decision made again from the log: the same answer, and the events behind it."},
	{HTTP_GET, "/v1/customers/{cid}/known", SERVED, ROUTE_INLINE, api_known, "Which of a form's fields are known and need not be asked: ?fields=a,b, or ?touchpoint=, whose configured form it is."},
	{HTTP_GET, "/v1/customers/{cid}/identity", RIGHTS, ROUTE_INLINE, api_identity, "Identifiers, and the origins they came from."},
	{HTTP_GET, "/v1/customers/{cid}/relationship", OPENED | ROLE_SERVICE, ROUTE_WORKER, api_relationship, "How strong the relationship is, its course, and what turned it."},
	{HTTP_GET, "/v1/customers/{cid}/participation", LOOKED_AT, ROUTE_WORKER, api_customer_participation, "In which of the last twelve months the customer came and took part, and in what."},
	{HTTP_GET, "/v1/customers/{cid}/consents", RIGHTS, ROUTE_WORKER, api_consents, "What the customer agreed to, purpose by purpose, and the ledger of all answers with the texts that were shown, newest first, in pages: ?n=&before=."},
	{HTTP_GET, "/v1/customers/{cid}/value", LOOKED_AT, ROUTE_WORKER, api_value, "One customer: recency, frequency, money with their cuts, profit line by line with its events, need, what was given and got, stars. As of ?at=."},
	{HTTP_POST, "/v1/customers/{cid}/consents", RIGHTS, ROUTE_WORKER, api_consents_post, "A yes or a no to one purpose.", .body = CONSENT_BODY},
	{HTTP_POST, "/v1/customers/{cid}/preferences", SERVED, ROUTE_WORKER, api_preferences, "How the customer wants things; null takes back.", .body = BODY(CHANNEL_BODY)},
	{HTTP_POST, "/v1/customers/{cid}/undo", RIGHTS, ROUTE_WORKER, api_undo, "Make an act of the last 30 days as if it had never been: {\"undo\"}, the id it was answered with.", .body = BODY(TEXTS("undo"))},
	{HTTP_GET, "/v1/customers/{cid}/products", SERVED, ROUTE_WORKER, api_products, "What the customer has bought and set: products whose settings can be changed, with standard, own value and since when."},
	{HTTP_GET, "/v1/customers/{cid}/export", OWN | ROLE_PRIVACY, ROUTE_LARGE, api_export, "Everything: as one JSON document, or ?format=zip: a page with a chart, JSON Lines with schemas, CSV, consents, and a signed manifest (docs/trust.md)."},
	{HTTP_GET, "/v1/customers/{cid}/digest", KEY_SECRET | ROLE_PRIVACY, ROUTE_LARGE, api_digest, "One hash for all that is kept about the customer: the same on two servers that keep the same."},
	{HTTP_POST, "/v1/customers/{cid}/restrict", OWN | ROLE_PRIVACY, ROUTE_WORKER, api_restrict, "Use the customer's data for the running of the service alone, or again more: {\"restricted\": true|false, \"because\"}.", .body = BODY(TEXTS("because"), CHANNEL_BODY)},
	{HTTP_GET, "/v1/consents", KEY_SECRET | ROLE_PRIVACY, ROUTE_LARGE, api_consents_all, "Who agreed to what, in pages: ?purpose=&format=csv|json&n=&after=."},
	{HTTP_DELETE, "/v1/customers/{cid}", OWN | ROLE_PRIVACY, ROUTE_LARGE, api_erase, "Erase the customer: records, keys, what was folded. Answers with a signed certificate. ?because=."},
	{HTTP_GET, "/v1/erasures", KEY_SECRET | ROLE_PRIVACY, ROUTE_WORKER, api_erasures, "Erasures, the newest first."},
	{HTTP_GET, "/v1/certificate-key", 0, ROUTE_INLINE, api_certificate_key, "The open half of the key that certificates and copies are signed with, as OpenSSL reads it."},
	{HTTP_GET, "/v1/erasures/{id}", KEY_SECRET | ROLE_PRIVACY, ROUTE_WORKER, api_erasure, "The certificate of one."},
	{HTTP_POST, "/v1/customers/{cid}/correct", RIGHTS, ROUTE_WORKER, api_correct, "Put a stated trait right: {\"trait\", \"value\", \"because\"}; null takes it away.", .body = CORRECT_BODY},
	{HTTP_POST, "/v1/customers/{cid}/tokens/revoke", OWN, ROUTE_WORKER, api_tokens_revoke, "End all tokens of the customer of before, with the sessions and streams they opened. Answers with the generation that new ones may name."},
	{HTTP_POST, "/v1/customers/{cid}/merge", KEY_SECRET, ROUTE_WORKER, api_merge, "Two customers are one person: {\"with\": cid}.", .body = BODY(TEXTS("with"), TEXTS("because"))},
	{HTTP_POST, "/v1/customers/{cid}/split", KEY_SECRET, ROUTE_WORKER, api_split, "Part an origin from a customer: {\"origin\": id}.", .body = BODY(TEXTS("origin"), TEXTS("because"))},
	{HTTP_GET, "/v1/overview", FIGURES, ROUTE_LARGE, api_overview, "Where the company stands."},
	{HTTP_GET, "/v1/scorecard", FIGURES, ROUTE_LARGE, api_scorecard, "Ten points of participation, each a share of customers with its interval."},
	{HTTP_GET, "/v1/scorecard/{item}", OPENED, ROUTE_LARGE, api_score_item, "One of the ten, 1 to 10, and the customers that it counts."},
	{HTTP_GET, "/v1/quadrant", FIGURES, ROUTE_LARGE, api_quadrant, "Interaction and customisation, their parts, their path over twelve months, and what would raise them; by segment and channel, with satisfaction and profit."},
	{HTTP_GET, "/v1/participation", FIGURES, ROUTE_LARGE, api_participation, "Who takes part, month by month and by segment."},
	{HTTP_GET, "/v1/journeys", FIGURES, ROUTE_LARGE, api_journeys, "What customers really did: ?from=&to=&cut=gap|goal|property|customer&gap=30m&goal=&property=&channel=&top=."},
	{HTTP_GET, "/v1/journeys/customers", OPENED, ROUTE_LARGE, api_journeys_customers, "Who is behind a figure of /v1/journeys: its question and ?of=all|step|edge|start|end|repeat|drop_off|variant|flow&activity=&next=&variant=&at=."},
	{HTTP_GET, "/v1/broken", FIGURES, ROUTE_LARGE, api_broken, "What is broken, the worst first: ?days=90."},
	{HTTP_GET, "/v1/broken/{spot}", OPENED, ROUTE_LARGE, api_broken_spot, "One of them: its course, its customers, five real journeys: ?days=90&signal=left|failed|forced|asked|waited|stars."},
	{HTTP_GET, "/v1/roadmap", FIGURES, ROUTE_LARGE, api_roadmap, "What to do next, in its order, and whether earlier moves did what was predicted: ?days=90."},
	{HTTP_GET, "/v1/inventory", FIGURES, ROUTE_LARGE, api_inventory, "Touchpoints and interactions, seen and silent, with what staff said of them; which channels share customers: ?days=90."},
	{HTTP_GET, "/v1/layers", FIGURES, ROUTE_LARGE, api_layers, "The five layers, with what was seen at each node in the last seven days."},
	{HTTP_GET, "/v1/layers/ripple", FIGURES, ROUTE_LARGE, api_layers_ripple, "What a limit reaches: ?if=NODE.LIMIT=VALUE&map=is|must-be|should-be."},
	{HTTP_GET, "/v1/layers/{node}/trace", FIGURES, ROUTE_LARGE, api_layers_trace, "All that an experience needs: ?map=."},
	{HTTP_GET, "/v1/layers/{node}/walk", FIGURES, ROUTE_WORKER, api_layers_walk, "An experience walked by a made-up customer: ?channel=&map=."},
	{HTTP_GET, "/v1/voice", FIGURES, ROUTE_LARGE, api_voice, "What customers answered: stars, recommendation, effort, by month and touchpoint; and how often they were asked."},
	{HTTP_GET, "/v1/voice/customers", OPENED, ROUTE_LARGE, api_voice_customers, "Who gave an answer that a figure counts: ?scale=stars|nps|ces&low=&high=&touchpoint=&days=."},
	{HTTP_GET, "/v1/voice/words", OPENED, ROUTE_LARGE, api_voice_words, "What customers said in words beside their stars, with the peak and the end of the experience they said it of, of the last 90 days."},
	{HTTP_GET, "/v1/preference", FIGURES, ROUTE_LARGE, api_preference, "Whom customers would choose among the options open to them, and why: ?question=."},
	{HTTP_GET, "/v1/ideas", OWN | ROLE_SERVICE | ROLE_MANAGER, ROUTE_LARGE, api_ideas, "What customers propose, with their votes and what the company says."},
	{HTTP_POST, "/v1/customers/{cid}/ideas", SERVED, ROUTE_WORKER, api_ideas_post, "A customer proposes: {\"title\", \"text\"}.", .body = BODY(TEXTS("title"), TEXTS("text"), CHANNEL_BODY)},
	{HTTP_POST, "/v1/customers/{cid}/ideas/{idea}", SERVED, ROUTE_WORKER, api_idea_act, "For an idea, no longer for it, or tried: {\"act\": \"support\"|\"withdraw\"|\"try\"}.", .body = BODY(TEXTS("act"), CHANNEL_BODY)},
	{HTTP_GET, "/v1/worth", FIGURES, ROUTE_LARGE, api_worth, "What customers are worth over twelve months, by need; the profit curve; give and get. Computed once a minute, or as of ?at=."},
	{HTTP_GET, "/v1/worth/customers", OPENED, ROUTE_LARGE, api_worth_customers, "Who is behind a figure of /v1/worth: ?group=worth:most,need:cash (also rfm:, cell:), most profitable first."},
	{HTTP_GET, "/v1/worth/stars", FIGURES, ROUTE_LARGE, api_worth_stars, "The company's stars for contacts: this month's against the goal, and their course over twelve months, of a sample of those who agreed."},
	{HTTP_GET, "/v1/segments", FIGURES, ROUTE_LARGE, api_segments, "All segments: rule, purpose, how many are in each. As of ?at=."},
	{HTTP_GET, "/v1/segments/{name}", OPENED, ROUTE_LARGE, api_segment, "One segment and its members with the reasons, in pages: ?n=&after=&at=."},
	{HTTP_GET, "/v1/categories", FIGURES, ROUTE_WORKER, api_categories, "What purchases taught: which categories last, which come back and after how many days."},
	{HTTP_GET, "/v1/stream", SERVED, ROUTE_INLINE, api_stream, "Changes as they happen (server-sent events)."},
	{HTTP_GET, "/v1/dead-letters", KEY_SECRET, ROUTE_WORKER, api_dead_letters, "Events that were refused, and why."},
	{HTTP_GET, "/v1/decisions/verify", KEY_SECRET | ROLE_PRIVACY, ROUTE_LARGE, api_decisions_verify, "Decisions of all customers made again from the log: how many come out the same, and which do not."},
	{HTTP_GET, "/v1/retention", KEY_SECRET | ROLE_PRIVACY, ROUTE_INLINE, api_retention, "How long what is kept, and what was taken out when its time was over."},
	{HTTP_POST, "/v1/retention", KEY_SECRET | ROLE_PRIVACY, ROUTE_INLINE, api_retention_run, "Take out now what may not be kept any longer; it goes on in the background."},
	{HTTP_GET, "/v1/trust", KEY_SECRET | ROLE_PRIVACY, ROUTE_LARGE, api_trust, "What customers are asked to agree to and how many do, by purpose and month; open requests; how long what is kept; who answers for it."},
	{HTTP_GET, "/v1/requests", OWN | ROLE_PRIVACY, ROUTE_LARGE, api_requests, "What customers asked for by right, the one due first first, in pages: ?state=open|done|refused|all&n=&after=. A customer sees their own."},
	{HTTP_POST, "/v1/requests", RIGHTS, ROUTE_WORKER, api_requests_post, "A customer asks by right: {\"customer\", \"type\": \"access\"|\"correct\"|\"erase\"|\"restrict\"|\"portability\"|\"person\", \"text\", \"decision\"}. Due in a month.", .body = REQUEST_BODY},
	{HTTP_POST, "/v1/requests/{id}", KEY_SECRET | ROLE_PRIVACY, ROUTE_WORKER, api_request_act, "Answer a request: {\"state\": \"done\"|\"refused\", \"because\"}, or extend it: {\"extended_until\", \"because\"}.", .body = REQUEST_ACT_BODY},
	{HTTP_GET, "/v1/audit", KEY_SECRET | ROLE_PRIVACY, ROUTE_LARGE, api_audit, "Who did what to whose data and why, newest first, in pages: ?about=&what=&n=&after=."},
	{HTTP_GET, "/v1/audit/verify", KEY_SECRET | ROLE_PRIVACY, ROUTE_LARGE, api_audit_verify, "Check every entry of the audit log: ?hash= asks whether an entry noted earlier is still there."},
	{HTTP_GET, "/v1/configuration", KEY_SECRET, ROUTE_LARGE, api_configuration, "The configuration in force."},
	{HTTP_POST, "/v1/configuration", KEY_SECRET, ROUTE_LARGE, api_configuration_post, "Check a configuration and put it in force: {\"files\": [{\"name\", \"text\"}]}."},
	{HTTP_PUT, "/v1/configuration/{kind}/{name}", KEY_SECRET | ROLE_MANAGER | ROLE_SERVICE, ROUTE_LARGE, api_document_put, "Write one document, as the console does; it stays when a folder is applied."},
	{HTTP_DELETE, "/v1/configuration/{kind}/{name}", KEY_SECRET | ROLE_MANAGER | ROLE_SERVICE, ROUTE_LARGE, api_document_delete, "Take such a document away."},
	{HTTP_GET, "/v1/session", ROLE_ANY, ROUTE_INLINE, api_session, "Who of staff is signed in, with which roles, and what they may call."},
	{HTTP_DELETE, "/v1/session", ROLE_ANY, ROUTE_WORKER, api_session_delete, "Sign out."},
	{HTTP_POST, "/v1/session/password", ROLE_ANY, ROUTE_WORKER, api_session_password, "Another password for one's own account: {\"old\", \"new\"}; every other session of it ends.", .body = BODY(TEXTS("old"), TEXTS("new"))},
	{HTTP_GET, "/v1/staff", ROLE_ADMIN, ROUTE_WORKER, api_staff, "Accounts of staff: roles, state, how many sessions. For admins who are signed in; no key may call it."},
	{HTTP_POST, "/v1/staff/{act}", ROLE_ADMIN, ROUTE_WORKER, api_staff_act, "invite {\"name\", \"roles\", \"days\"} (answers with a token, once), withdraw {\"name\"}, roles {\"name\", \"roles\"}, lock {\"name\"}, sign-out {\"name\"}.", .body = BODY(TEXTS("name"), TEXTS("roles"))},
	{HTTP_GET, "/v1/damage", KEY_SECRET | ROLE_PRIVACY | ROLE_MANAGER, ROUTE_INLINE, api_damage, "What was found damaged on disk since the server was started, the worst first: file, offset, effect (refused, lost, rebuilt), what it costs, what to do."},
	{HTTP_GET, "/v1/keys", KEY_SECRET, ROUTE_WORKER, api_keys, "All keys: id, name, scope, source, routes, when made, last used (to the day) and revoked. Not for a key that is limited to routes."},
	{HTTP_POST, "/v1/keys", KEY_SECRET, ROUTE_WORKER, api_keys_post, "Make a key: {\"scope\": \"write\"|\"secret\", \"source\", \"name\", \"routes\": [groups and paths], \"events_a_minute\", \"bytes_a_minute\"}. It is shown once.", .body = BODY(TEXTS("scope"), TEXTS("source"), TEXTS("name"))},
	{HTTP_DELETE, "/v1/keys/{id}", KEY_SECRET, ROUTE_WORKER, api_key_delete, "Revoke a key, at once and for good; it stays in the list."},
	{HTTP_DELETE, "/v1/tokens/{jti}", KEY_SECRET, ROUTE_WORKER, api_token_delete, "End one customer token, by its \"jti\", until it expires."},
	{HTTP_POST, "/v1/snapshot", KEY_SECRET, ROUTE_LARGE, api_snapshot, "Write a snapshot now."},
	{HTTP_GET, "/.well-known/gpc.json", 0, ROUTE_INLINE, api_gpc, "That a browser's Sec-GPC is heeded."},
	{HTTP_GET, "/healthz", 0, ROUTE_INLINE, api_health, "Is the program alive."},
	{HTTP_GET, "/readyz", 0, ROUTE_INLINE, api_ready, "Does it take events."},
	{HTTP_GET, "/metrics", 0, ROUTE_INLINE, api_metrics, "Figures for Prometheus."},
	{HTTP_GET, "/openapi.json", 0, ROUTE_INLINE, api_openapi, "This interface, as OpenAPI 3.1."},
	{HTTP_GET, "/console", 0, ROUTE_INLINE, page_asset, "The console."},
	{HTTP_GET, "/console/sign-in", 0, ROUTE_INLINE, sign_in_page, "Where staff sign in, or make their account with an invitation: ?invited."},
	{HTTP_POST, "/console/sign-in", 0, ROUTE_WORKER, sign_in_form, "Sign in: a form of name and password; with ?invited also token and again."},
	{HTTP_GET, "/console/enter", 0, ROUTE_INLINE, console_enter, "The demo's door to the console: ?key=."},
	{HTTP_GET, "/console/{page}", 0, ROUTE_INLINE, page_asset, "A page of the console."},
	{HTTP_GET, "/console/{page}/{item}", 0, ROUTE_INLINE, page_asset, "A page of the console."},
	{HTTP_GET, "/assets/{file}", 0, ROUTE_INLINE, page_asset, "Scripts, styles and fonts."},
	{HTTP_GET, "/me", 0, ROUTE_WORKER, portal_page, "The customer's own page.", portal_refuse},
	{HTTP_GET, "/me/ideas", 0, ROUTE_WORKER, portal_ideas, "What customers propose, and what becomes of it.", portal_refuse},
	{HTTP_GET, "/me/question", 0, ROUTE_WORKER, portal_question, "A question to the customer, when one may be asked.", portal_refuse},
	{HTTP_GET, "/me/enter", 0, ROUTE_WORKER, portal_enter, "Enter it with ?token=, which works once.", portal_refuse},
	{HTTP_POST, "/me/enter", 0, ROUTE_WORKER, portal_enter_form, "Enter it with a form's token, as the company's own page posts it.", portal_refuse},
	{HTTP_GET, "/me/export", 0, ROUTE_LARGE, portal_export, "Everything, as a zip that opens as a page, or ?format=json.", portal_refuse},
	{HTTP_GET, "/me/brand.css", 0, ROUTE_INLINE, portal_brand, "The colours and letters of the company, for the customer's own page."},
	{HTTP_GET, "/me/brand/logo", 0, ROUTE_INLINE, portal_logo, "The company's logo, for the customer's own page: the picture of its brand document."},
	{HTTP_GET, "/me/erase", 0, ROUTE_WORKER, portal_erase, "What erasing means and what has to be kept; ?step=sure asks for the word.", portal_refuse},
	{HTTP_GET, "/me/why", 0, ROUTE_WORKER, portal_why, "Why the customer saw what they saw: the last decisions with their reasons.", portal_refuse},
	{HTTP_GET, "/me/receipts", 0, ROUTE_WORKER, portal_receipts, "Every answer about data with the words that were shown; ?of= one of them, or all, as a signed file.", portal_refuse},
	{HTTP_POST, "/me/{action}", 0, ROUTE_WORKER, portal_form, "What a customer changes there, as a form.", portal_refuse},
	{HTTP_GET, "/harbour", 0, ROUTE_INLINE, page_harbour, "The demo."},
	{HTTP_GET, "/harbour/people", 0, ROUTE_INLINE, harbour_people, "The demo's people."},
	{HTTP_POST, "/harbour/session", 0, ROUTE_INLINE, harbour_session, "The demo: sign in as somebody.", .body = BODY(TEXTS("person"))},
	{HTTP_POST, "/harbour/queue", 0, ROUTE_INLINE, harbour_queue, "The demo: call somebody to a counter.", .body = BODY(TEXTS("cid"), TEXTS("name"), MEMBER("counter", BODY_TEXT | BODY_NUMBER))},
	{HTTP_GET, "/harbour/{place}", 0, ROUTE_INLINE, page_harbour, "A place of the demo."},
	{0, NULL, 0, ROUTE_INLINE, NULL, NULL},
};

const struct route *route_named(enum http_method method, const char *path)
{
	for (const struct route *route = routes; route->path; route++)
		if (route->method == method && strcmp(route->path, path) == 0)
			return route;
	return NULL;
}

/* "secret key, customer; service, manager": keys and tokens, then roles. */
static void who_write(struct buffer *out, unsigned scopes)
{
	static const struct {
		unsigned bit;
		const char *name;
	} keys[] = {{KEY_WRITE, "write key"}, {KEY_SECRET, "secret key"}, {KEY_CUSTOMER, "customer"}};
	char text[STAFF_ROLES_BYTES];
	struct text rest = roles_format((scopes & KEY_SECRET ? scopes | ROLE_ADMIN : scopes) & ROLE_ANY, text), role;
	const char *between = "";
	if (scopes == 0)
		buffer_string(out, "anybody");
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (scopes & keys[i].bit) {
			buffer_format(out, "%s%s", between, keys[i].name);
			between = ", ";
		}
	for (between = *between ? "; " : ""; rest.n && text_next(&rest, ',', &role); between = ", ")
		buffer_format(out, "%s%.*s", between, TEXT_ARGS(role));
}

void routes_describe(struct buffer *out)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
	buffer_string(out, "| method | path | who | what |\n|---|---|---|---|\n");
	for (const struct route *route = routes; route->path; route++) {
		buffer_format(out, "| %s | `%s` | ", methods[route->method], route->path);
		who_write(out, route->scopes);
		buffer_format(out, " | %s |\n", route->sentence);
	}
}
