/*
 * portal_receipts.c: /me/receipts: every answer about data as a receipt: the words that were shown, their version and hash, when, where
 * and how, signed like a certificate of erasure, so that the customer can show what was agreed to whatever becomes of our records.
 *
 *   /me/receipts            the page; ?of=u… one receipt as a file, ?of=all all of them in one
 *
 * A file is {"statement", "signature", "key", "signed_with"}; the statement is the text that was signed, with "receipts" and
 * with who answers for the data on the day of issue.
 */
#include "serve/brand.h"
#include "serve/erasure.h"
#include "serve/portal.h"

#include "base/clock.h"
#include "trust/consent.h"

#include <stdio.h>

enum { STATEMENT_BYTES_MAX = 4 * 1024 * 1024 };

static bool is_answer(const struct portal_change *change)
{
	return change->event.header.kind == EVENT_CONSENT;
}

static struct text member(const struct portal_change *change, const char *path)
{
	return value_text(value_at(change->event.payload, text_of(path)));
}

/* The hash that was recorded; of records from before there was one, that of their text. */
static struct text hash_of(const struct portal_change *change, char hex[CONSENT_SHA256_HEX + 1])
{
	struct text known = member(change, "notice.sha256");
	return known.n ? known : consent_text_hash(hex, member(change, "text"));
}

/* ---- the files ---- */

static void receipt_write(struct json_writer *out, const struct portal_change *change)
{
	static const char *const members[] = {"purpose", "answer", "version", "language", "text", "method", "control", "jurisdiction", "evidence"};
	struct text actor = member(change, "actor");
	char id[24], hex[CONSENT_SHA256_HEX + 1];
	int64_t until;
	json_object_begin(out);
	json_put_text(out, "receipt", record_format(id, 'u', change->event.position));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (member(change, members[i]).n) {
			json_key(out, text_of(members[i]));
			json_write_text(out, member(change, members[i]));
		}
	json_put_text(out, "sha256", hash_of(change, hex));
	json_put_text(out, "actor", actor.n ? actor : TEXT("subject"));
	json_put_text(out, "channel", text_of(channel_name((enum channel)change->event.header.channel)));
	json_put_time(out, "said", change->event.header.time_ms);
	json_put_time(out, "received", change->event.header.received_ms);
	if (value_int(value_get(change->event.payload, TEXT("valid_until")), &until))
		json_put_time(out, "valid_until", until);
	json_put_bool(out, "undone", change->undone);
	json_object_end(out);
}

/* All of them, or the one at @only. */
static void statement_write(struct portal *portal, struct buffer *statement, uint64_t only)
{
	struct json_writer out = JSON_WRITER(statement);
	const struct brand *brand = brand_of(portal->config);
	json_object_begin(&out);
	json_put_text(&out, "schema", TEXT("attune-consent-receipts-1"));
	if (brand)
		json_put_text(&out, "company", brand->title);
	controller_put(&out, controller_of(portal->config));
	json_put_text(&out, "customer", portal->request->caller.subject);
	json_put_time(&out, "issued", portal->request->now_ms);
	json_key(&out, TEXT("receipts"));
	json_array_begin(&out);
	for (size_t i = 0; i < portal->changes_n; i++)
		if (is_answer(&portal->changes[i]) && (!only || portal->changes[i].event.position == only))
			receipt_write(&out, &portal->changes[i]);
	json_array_end(&out);
	json_object_end(&out);
}

static void file_reply(struct portal *portal, uint64_t only)
{
	struct request *request = portal->request;
	struct buffer statement = BUFFER_INIT(STATEMENT_BYTES_MAX);
	statement_write(portal, &statement, only);
	if (!statement.failed) {
		buffer_reset(&request->http->out);
		erasure_sign(request->server->signer, buffer_view(&statement), &request->http->out);
	}
	bool failed = statement.failed || request->http->out.failed;
	buffer_free(&statement);
	if (failed)
		return reply_failure(request, ERROR_MEMORY);
	http_reply_header(request->http, "Content-Disposition", only ? "attachment; filename=\"receipt.json\"" : "attachment; filename=\"receipts.json\"");
	http_reply_header(request->http, "Cache-Control", "no-store");
}

/* ---- the page ---- */

static void link_write(struct html *html, struct text of, const char *says)
{
	char to[64];
	snprintf(to, sizeof to, "/me/receipts?of=%.*s", TEXT_ARGS(of));
	html_open(html, "a", "href", to, "download", "", NULL);
	html_string(html, says);
}

static void answer_write(struct portal *portal, const struct portal_change *change)
{
	struct html *html = &portal->html;
	struct text language = member(change, "language"), version = member(change, "version");
	char id[24], hex[CONSENT_SHA256_HEX + 1];
	html_open(html, "li", NULL);
	html_attribute(html, "data-receipt", record_format(id, 'u', change->event.position));
	html_open(html, "span", NULL);
	portal_change_text(portal, change);
	html_string(html, change->undone ? " Taken back." : "");
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	html_string(html, "These words stood there: “");
	portal_foreign(html, member(change, "text"), language.n ? language : TEXT("en"));
	html_format(html, "” Version %.*s, said on ", TEXT_ARGS(version));
	portal_moment(html, change->event.header.time_ms);
	portal_on_channel(html, (enum channel)change->event.header.channel);
	html_string(html, ". Their hash: ");
	html_open(html, "span", "class", "verbatim", NULL);
	html_text(html, hash_of(change, hex));
	html_close(html, "span");
	html_close(html, "span");
	html_open(html, "span", "class", "row", NULL);
	link_write(html, text_of(id), "Save the receipt");
	html_open(html, "span", "class", "out-of-sight", NULL);
	html_string(html, ": ");
	portal_change_text(portal, change);
	html_close(html, "span");
	html_close(html, "a");
	html_close(html, "span");
	html_close(html, "li");
}

static void receipts_write(struct portal *portal)
{
	struct html *html = &portal->html;
	size_t n = 0;
	html_element(html, "h1", "My receipts");
	html_element(html, "p", "Every yes and no about your data, with the words that stood there. A receipt is a signed file: with it you can show what was agreed, whatever becomes of our records.");
	for (size_t i = 0; i < portal->changes_n; i++)
		n += is_answer(&portal->changes[i]);
	html_open(html, "p", "data-testid", "controller", NULL);
	portal_controller_sentence(html, controller_of(portal->config));
	html_close(html, "p");
	if (n == 0)
		html_element(html, "p", "You have not answered yet, so there is no receipt.");
	html_open(html, "ul", "class", "lines", "data-testid", "receipts", NULL);
	for (size_t i = 0; i < portal->changes_n; i++)
		if (is_answer(&portal->changes[i]))
			answer_write(portal, &portal->changes[i]);
	html_close(html, "ul");
	html_open(html, "p", "class", "choices", NULL);
	if (n) {
		html_open(html, "a", "class", "button first", "href", "/me/receipts?of=all", "download", "", NULL);
		html_string(html, "Save all in one file");
		html_close(html, "a");
	}
	html_open(html, "a", "href", "/me", NULL);
	html_string(html, "Back to your page");
	html_close(html, "a");
	html_close(html, "p");
}

void portal_receipts(struct request *request)
{
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	struct text of = http_query(request->http, "of");
	uint64_t position = 0;
	if (!portal)
		return reply_failure(request, ERROR_MEMORY);
	if (!portal_open(portal, request))
		return;
	if (portal_read(portal) != 0)
		return portal_problem(request, 503, "This cannot be shown just now.", "Nothing is lost. Try again in a moment.");
	if (text_equal(of, TEXT("all")))
		return file_reply(portal, 0);
	if (of.n) {
		const struct portal_change *change = record_parse(of, 'u', &position) ? portal_change_at(portal, position) : NULL;
		if (!change || !is_answer(change))
			return portal_problem(request, 404, "There is no such receipt.", "It is not among your answers.");
		return file_reply(portal, position);
	}
	portal_frame_open(portal, "My receipts");
	receipts_write(portal);
	portal_frame_close(portal);
}
