/*
 * portal_form.c: what a customer changes on the page: POST /me/ACTION.
 *
 * A post is believed only from the page itself: the cookie is not sent along from other sites, an Origin must be this
 * server's own, and the form carries a mark of the session. The answer is a redirect to the section with the name of a
 * sentence, never with a sentence, so that nobody can put words on the page.
 */
#include "serve/portal.h"

#include "base/clock.h"
#include "serve/caller.h"
#include "serve/change.h"

#include <stdio.h>
#include <string.h>

/* ---- what was done, said on the page that follows ---- */

static const struct done {
	const char *code, *section, *says;
} dones[] = {
	{"yes", "choices", "Done: it is on."},
	{"no", "choices", "Done: it is off, on every channel."},
	{"stopped", "choices", "Done: all marketing and personalisation is off, on every channel. What you stated yourself stays."},
	{"restricted", "choices", "Done: your data is used for nothing but the service itself, on every channel."},
	{"lifted", "choices", "Done: your data is used again as you agreed."},
	{"contact", "contact", "Done: it holds on every channel now."},
	{"same-contact", "contact", "Nothing was changed: it was so already."},
	{"way", "way", "Done: it holds on every channel now."},
	{"menu", "menu", "Done: your menu is changed, everywhere it stands."},
	{"undone", "undo", "Done: it is as if it had never been."},
	{"voted", "ideas", "Done: you are for it. You can take that back."},
	{"unvoted", "ideas", "Done: your vote is taken back."},
	{"tried", "ideas", "Done: thank you for trying it."},
	{"proposed", "ideas", "Done: it is there for others to read, and you will read here what becomes of it."},
	{"corrected", "know", "Done: it is put right, everywhere."},
	{"same-know", "know", "Nothing was changed: it stood so already."},
	{"asked", "requests", "Done: we have it, and you read here by when you have our answer."},
	{"answered", "know", "Done: thank you for your answer."},
	{"same-way", "way", "Nothing was changed: it was so already."},
	{"same-choices", "choices", "Nothing was changed: it was so already."},
};

/* What an answer gives up. It is a number of the address: whoever forges it tells only themselves. */
static void spared_write(struct portal *portal)
{
	int64_t seconds;
	if (text_to_int64(http_query(portal->request->http, "spared"), &seconds) != 0 || seconds < 1 || seconds > 100000)
		return;
	html_open(&portal->html, "span", "data-spared", "", NULL);
	html_format(&portal->html, " It spared you about %lld s a month; that is gone until you switch it on again.", (long long)seconds);
	html_close(&portal->html, "span");
}

void portal_done_write(struct portal *portal, const char *section)
{
	struct text code = http_query(portal->request->http, "done");
	struct html *html = &portal->html;
	uint64_t position;
	for (size_t i = 0; i < sizeof dones / sizeof *dones; i++) {
		if (!text_equal(code, text_of(dones[i].code)) || strcmp(section, dones[i].section) != 0)
			continue;
		html_open(html, "div", "class", "done", "role", "status", "data-done", dones[i].code, NULL);
		html_element(html, "span", dones[i].says);
		spared_write(portal);
		if (record_parse(http_query(portal->request->http, "undo"), 'u', &position)) {
			const struct portal_change *change = portal_change_at(portal, position);
			if (change && !change->undone)
				portal_undo_button(portal, position);
		}
		html_close(html, "div");
	}
}

/* Back to the section of @code; @undo 0: nothing to offer. */
static void done_redirect_spared(struct request *request, const char *code, uint64_t undo, int64_t spared_ms)
{
	char *where = arena_alloc(request->arena, 160), id[24] = "", spared[40] = "";
	const char *section = "main";
	for (size_t i = 0; i < sizeof dones / sizeof *dones; i++)
		if (strcmp(dones[i].code, code) == 0)
			section = dones[i].section;
	if (!where)
		return reply_failure(request, ERROR_MEMORY);
	if (undo)
		record_format(id, 'u', undo);
	if (spared_ms >= MS_A_SECOND)
		snprintf(spared, sizeof spared, "&spared=%lld", (long long)(spared_ms / MS_A_SECOND));
	snprintf(where, 160, "/me?done=%s%s%s%s#%s", code, undo ? "&undo=" : "", id, spared, section);
	page_redirect(request, where);
}

void portal_done_redirect(struct request *request, const char *code, uint64_t undo)
{
	done_redirect_spared(request, code, undo, 0);
}

static void failed(struct request *request, int error)
{
	if (error == ERROR_INVALID || error == ERROR_NOT_FOUND || error == ERROR_LIMIT)
		portal_problem(request, 400, "That did not work.", "The page may have been open for long and out of date. Go back to it and try again.");
	else
		portal_problem(request, 503, "That could not be kept just now.", "Nothing was changed. Try again in a moment.");
}

/* ---- the actions ---- */

/* A no to every purpose of these classes that has none; each a record of its own, undone together. */
static int stop_all(struct portal *portal, uint64_t *undo, struct segments_left *left)
{
	const struct purposes *purposes = purposes_of(portal->config);
	int error = 0;
	for (size_t i = 0; i < purposes->n && !error; i++) {
		const struct purpose *purpose = &purposes->items[i];
		struct consent_state last;
		if ((purpose->class != PURPOSE_CLASS_MARKETING && purpose->class != PURPOSE_CLASS_PERSONALISATION) ||
		    (consent_last(portal->consents, purpose, portal->request->now_ms, &last) && !last.said_yes))
			continue;
		struct purpose_words words = portal_purpose_words(portal, purpose);
		struct consent_act act = {.purpose = purpose->name, .text = words.text, .language = words.language, .version = purpose->version,
		                          .method = TEXT("button"), .control = TEXT(PORTAL_STOP_CONTROL)};
		error = consent_append(portal->request, portal->origin, &act, CHANNEL_WEB, undo, left);
	}
	return error;
}

/* A yes is to the words that stood there: the same version, in the language in which they were read. */
static void act_consent(struct portal *portal)
{
	struct request *request = portal->request;
	struct text answer = form_field(request, "answer"), version = form_field(request, "version");
	char hash[CONSENT_SHA256_HEX + 1];
	uint64_t undo = 0;
	int error;
	struct segments_left *left = arena_alloc(request->arena, sizeof *left);
	if (!left)
		return failed(request, ERROR_MEMORY);
	if (text_equal(form_field(request, "all"), TEXT("no"))) {
		error = stop_all(portal, &undo, left);
		return error ? failed(request, error) : portal_done_redirect(request, undo ? "stopped" : "same-choices", undo);
	}
	const struct purpose *purpose = purpose_find(portal->config, form_field(request, "purpose"));
	bool yes = text_equal(answer, TEXT("yes"));
	if (!purpose || (!yes && !text_equal(answer, TEXT("no"))))
		return failed(request, ERROR_INVALID);
	struct purpose_words words = purpose_words_in(purpose, form_field(request, "language"));
	if (yes && (!text_equal(version, purpose->version) || !text_equal(form_field(request, "shown"), consent_text_hash(hash, words.text))))
		return portal_problem(request, 409, "The words have changed meanwhile.", "Read them again on your page before you agree.");
	struct consent_act act = {.purpose = purpose->name, .yes = yes, .text = words.text, .language = words.language, .version = purpose->version,
	                          .method = TEXT("button"), .control = TEXT("portal")};
	error = consent_append(request, portal->origin, &act, CHANNEL_WEB, &undo, left);
	if (error)
		return failed(request, error);
	uint32_t right, of;
	done_redirect_spared(request, yes ? "yes" : "no", undo, yes ? 0 : portal_saving_ms(portal, purpose->mask, &right, &of));
}

/* Apply what stands in @json, as POST .../preferences would. */
static void set_apply(struct portal *portal, struct buffer *json, const char *code)
{
	struct json set = {0};
	uint64_t undo = 0;
	struct json_parser *parser = thread_parser();
	int error = json->failed || !parser ? ERROR_MEMORY : json_parse(parser, buffer_view(json), &set);
	if (!error)
		error = preferences_apply(portal->request, portal->origin, set, CHANNEL_WEB, &undo);
	if (error)
		return failed(portal->request, error);
	portal_done_redirect(portal->request, code, undo);
}

static void act_restrict(struct portal *portal)
{
	struct request *request = portal->request;
	struct text wanted = form_field(request, "restricted");
	struct segments_left *left = arena_alloc(request->arena, sizeof *left);
	bool restricted = text_equal(wanted, TEXT("yes"));
	uint64_t position;
	if (!left || (!restricted && !text_equal(wanted, TEXT("no"))))
		return failed(request, left ? ERROR_INVALID : ERROR_MEMORY);
	int error = restrict_append(request, portal->origin, restricted, (struct text){"", 0}, CHANNEL_WEB, &position, left);
	if (error)
		return failed(request, error);
	portal_done_redirect(request, !position ? "same-choices" : restricted ? "restricted" : "lifted", position);
}

static void act_contact(struct portal *portal)
{
	struct buffer json = BUFFER_INIT(65536);
	struct json_writer out = JSON_WRITER(&json);
	json_object_begin(&out);
	int n = portal_contact_read(portal, &out);
	json_object_end(&out);
	if (n < 0)
		failed(portal->request, ERROR_INVALID);
	else if (n == 0)
		portal_done_redirect(portal->request, "same-contact", 0);
	else
		set_apply(portal, &json, "contact");
	buffer_free(&json);
}

static void act_way(struct portal *portal)
{
	struct buffer json = BUFFER_INIT(8192);
	struct json_writer out = JSON_WRITER(&json);
	json_object_begin(&out);
	int n = portal_wishes_read(portal, &out);
	json_object_end(&out);
	if (n < 0)
		portal_problem(portal->request, 400, "One of these answers is not possible.",
		               "The day must be from 1 to 28, the time as 18:00, the others as they are offered. Nothing was changed.");
	else if (n == 0)
		portal_done_redirect(portal->request, "same-way", 0);
	else
		set_apply(portal, &json, "way");
	buffer_free(&json);
}

/*
 * Home with @option first or one place up; false when it is not on home or already there. Only what was put there by hand
 * and what stands above it is stated: the rest may go on following its use.
 */
static bool order_write(struct json_writer *out, const struct portal_menu *menu, uint16_t option, bool first)
{
	uint16_t order[MENU_HOME_MAX];
	size_t n = 0, at = MENU_HOME_MAX, stated = 0;
	bool by_hand[MENU_OPTIONS_MAX] = {false};
	for (size_t i = 0; i < menu->layout.home_n; i++) {
		if (menu->layout.home[i] == option)
			at = n;
		if (menu->layout.home[i] == MENU_NONE)
			continue;
		by_hand[menu->layout.home[i]] = menu->layout.pinned >> i & 1;
		order[n++] = menu->layout.home[i];
	}
	if (at == MENU_HOME_MAX || at == 0)
		return false;
	for (size_t to = first ? 0 : at - 1; at > to; at--) {
		order[at] = order[at - 1];
		order[at - 1] = option;
	}
	by_hand[option] = true;
	for (size_t i = 0; i < n; i++)
		stated = by_hand[order[i]] ? i + 1 : stated;
	json_array_begin(out);
	for (size_t i = 0; i < stated; i++)
		json_write_text(out, menu->surface->options[order[i]]);
	json_array_end(out);
	return true;
}

/* One change of @menu as a preference: its name, and the value. */
static bool menu_change_write(struct request *request, struct json_writer *out, const struct portal_menu *menu)
{
	struct text mode = form_field(request, "mode"), move = form_field(request, "move");
	uint16_t option = surface_option(menu->surface, form_field(request, "option"));
	bool first = text_equal(move, TEXT("first")), up = text_equal(move, TEXT("up"));
	bool more = text_equal(move, TEXT("more")), home = text_equal(move, TEXT("home"));
	char name[300];
	if (mode.n == 0 && (option == MENU_NONE || (!first && !up && !more && !home) || (more && menu->surface->always[option])))
		return false;
	int n = snprintf(name, sizeof name, "menu.%.*s.%s", TEXT_ARGS(menu->surface->name),
	                 mode.n ? "mode" : more ? "hide" : home ? "show" : "order");
	json_key(out, text_first((struct text){name, (size_t)n}, sizeof name - 1));
	if (mode.n == 0 && (first || up))
		return order_write(out, menu, option, first);
	json_write_text(out, mode.n ? mode : menu->surface->options[option]);
	return true;
}

static void act_menu(struct portal *portal)
{
	struct buffer json = BUFFER_INIT(16384);
	struct json_writer out = JSON_WRITER(&json);
	struct text name = form_field(portal->request, "surface");
	const struct portal_menu *menu = NULL;
	for (size_t i = 0; i < portal->menus_n; i++)
		if (text_equal(portal->menus[i].surface->name, name))
			menu = &portal->menus[i];
	json_object_begin(&out);
	if (menu && menu_change_write(portal->request, &out, menu)) {
		json_object_end(&out);
		set_apply(portal, &json, "menu");
	} else {
		failed(portal->request, ERROR_INVALID);
	}
	buffer_free(&json);
}

/* One touch of "stop all" made several records, at one moment: they are undone together. */
static int undo_together(struct portal *portal, const struct portal_change *change)
{
	struct text control = value_text(value_get(change->event.payload, TEXT("control")));
	int error = change->undone ? 0 : undo_act(portal->request, portal->origin, change->event.position);
	for (size_t i = 0; !error && text_equal(control, TEXT(PORTAL_STOP_CONTROL)) && i < portal->changes_n; i++) {
		const struct portal_change *other = &portal->changes[i];
		if (other != change && !other->undone && other->event.header.received_ms == change->event.header.received_ms &&
		    text_equal(value_text(value_get(other->event.payload, TEXT("control"))), control))
			error = undo_act(portal->request, portal->origin, other->event.position);
	}
	return error;
}

static void act_undo(struct portal *portal)
{
	uint64_t position;
	if (!record_parse(form_field(portal->request, "undo"), 'u', &position))
		return failed(portal->request, ERROR_INVALID);
	const struct portal_change *change = portal_change_at(portal, position);
	if (!change || !portal_change_is_recent(portal, change))
		return portal_problem(portal->request, 404, "There is nothing to undo.", "It was not found among the changes of the last 30 days.");
	int error = undo_together(portal, change);
	if (error)
		return failed(portal->request, error);
	portal_done_redirect(portal->request, "undone", 0);
}

static void act_leave(struct portal *portal)
{
	cookie_clear(portal->request, PORTAL_COOKIE, "/");
	page_redirect(portal->request, "/me");
}

/* ---- who posts ---- */

static bool is_own_form(struct portal *portal)
{
	return secret_equal(form_field(portal->request, "token"), text_of(portal->form_token));
}

void portal_form(struct request *request)
{
	static const struct {
		const char *name;
		void (*act)(struct portal *portal);
	} actions[] = {{"consent", act_consent}, {"way", act_way}, {"menu", act_menu}, {"undo", act_undo}, {"leave", act_leave}, {"continue", portal_continue_form}, {"restrict", act_restrict}, {"contact", act_contact},
	                {"idea", portal_idea_form}, {"propose", portal_propose_form}, {"answer", portal_answer_form},
	                {"correct", portal_correct_form}, {"erase", portal_erase_form}, {"request", portal_request_form}, {"sign-out", portal_sign_out_form}};
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	if (!portal)
		return reply_failure(request, ERROR_MEMORY);
	if (request_is_foreign(request))
		return portal_problem(request, 403, "This did not come from your page.", "Another site tried to change something in your name. Nothing was changed.");
	if (!portal_open(portal, request))
		return;
	if (!is_own_form(portal))
		return portal_problem(request, 403, "This did not come from your page.", "It came from elsewhere, or from an earlier visit. Nothing was changed.");
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (!text_equal(request->parameters[0], text_of(actions[i].name)))
			continue;
		int error = portal_read(portal);
		return error ? failed(request, ERROR_BUSY) : actions[i].act(portal);
	}
	portal_problem(request, 404, "There is no such thing to do.", "Go back to your page.");
}
