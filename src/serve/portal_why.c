/*
 * portal_why.c: /me/why: why the customer saw what they saw: the last decisions, each with its reason, what it would have been
 * otherwise, and a person who looks at it when asked.
 *
 * What is said stands in the record of the decision. The same decision for the same reason is one line with how often, for a
 * home screen is decided at every visit. The walk ends after WALK_MAX decisions; all of them stand in the copy.
 */
#include "serve/deciding.h"
#include "serve/portal.h"
#include "serve/rights.h"

#include "customize/product.h"
#include "interact/touchpoint.h"
#include "serve/timeline.h"

#include <stdio.h>

enum { WALK_MAX = 2000, SHOWN_MAX = 30, OPTIONS_SAID_MAX = 6 };

struct shown {
	struct event event;          /* The newest of its like. */
	int64_t first_ms;
	uint32_t times;
};

struct gathered {
	struct arena *arena;
	struct shown items[SHOWN_MAX];
	size_t n;
	uint32_t walked, more;       /* more: of decisions that had no line left. */
};

static struct text why_of(const struct event *event)
{
	return value_text(value_get(event->payload, TEXT("why")));
}

static bool gather(void *arg, const struct event *event)
{
	struct gathered *gathered = arg;
	if (event->header.kind != EVENT_DECISION)
		return true;
	for (size_t i = 0; i < gathered->n; i++) {
		struct shown *shown = &gathered->items[i];
		if (!text_equal(shown->event.name, event->name) || !text_equal(why_of(&shown->event), why_of(event)) ||
		    !value_equal(value_get(shown->event.payload, TEXT("options")), value_get(event->payload, TEXT("options"))))
			continue;
		shown->times++;
		shown->first_ms = event->header.time_ms;
		return ++gathered->walked < WALK_MAX;
	}
	struct shown shown = {.first_ms = event->header.time_ms, .times = 1};
	if (gathered->n < SHOWN_MAX && event_copy(&shown.event, event, gathered->arena) == 0)
		gathered->items[gathered->n++] = shown;
	else
		gathered->more++;
	return ++gathered->walked < WALK_MAX;
}

/* ---- one decision ---- */

static void options_write(struct html *html, struct value list)
{
	struct value_cursor cursor = {0};
	struct value option;
	size_t n = 0;
	while (n < OPTIONS_SAID_MAX && value_next_item(&cursor, list, &option)) {
		html_string(html, n++ ? ", " : "You were offered ");
		portal_value(html, value_get(option, TEXT("value")));
	}
	html_string(html, n ? ". " : "");
}

static void products_write(struct portal *portal, struct value list)
{
	struct value_cursor cursor = {0};
	struct value item;
	size_t n = 0;
	while (n < OPTIONS_SAID_MAX && value_next_item(&cursor, list, &item)) {
		html_string(&portal->html, n++ ? ", " : "You were shown ");
		html_text(&portal->html, portal_document_title(portal->config, TEXT("product"), value_text(item)));
	}
	html_string(&portal->html, n ? ". " : "");
}

static void asked_write(struct html *html, struct value ask)
{
	struct text text = value_text(value_get(ask, TEXT("text"))), language = value_text(value_get(ask, TEXT("language")));
	if (text.n == 0)
		return;
	html_string(html, "You were asked “");
	if (language.n)
		portal_foreign(html, text, language);
	else
		html_text(html, text);
	html_string(html, "” ");
}

static void standard_write(struct html *html, const struct surface *surface)
{
	for (size_t i = 0; i < surface->standard_n && i < OPTIONS_SAID_MAX; i++) {
		html_string(html, i ? ", " : ": ");
		portal_value(html, surface->standard[i]);
	}
}

/* What would have come out had the customer chosen otherwise about their data. */
static void otherwise_write(struct portal *portal, const struct event *event, const struct surface *surface)
{
	static const char *const without[] = {[SURFACE_USUAL] = "you would have been offered the standard choices", [SURFACE_MENU] = "your menu would stand as you or we set it up",
	                                      [SURFACE_QUESTION] = "nothing would have been asked", [SURFACE_RECOMMEND] = "you would have been shown what most customers choose"};
	static const char *const with[] = {[SURFACE_USUAL] = "your usual choice can stand first", [SURFACE_MENU] = "what you use can come closer",
	                                   [SURFACE_QUESTION] = "we may ask you now and then", [SURFACE_RECOMMEND] = "what you have and use up counts"};
	struct html *html = &portal->html;
	const struct purpose *purpose = surface ? purpose_of_mask(portal->config, surface->purpose) : NULL;
	bool guess = value_is_true(value_get(event->payload, TEXT("guess"))), withheld = value_get(event->payload, TEXT("withheld")).n > 0;
	if (!purpose || (!guess && !withheld))
		return;
	html_open(html, "span", "class", "from", "data-otherwise", guess ? "without" : "with", NULL);
	html_string(html, guess ? "Otherwise: without your yes to “" : "Nothing learned was used. Otherwise: with a yes to “");
	portal_purpose_title(portal, purpose);
	html_string(html, "” ");
	html_string(html, guess ? without[surface->type] : with[surface->type]);
	if (guess && surface->type == SURFACE_USUAL)
		standard_write(html, surface);
	html_string(html, ".");
	html_close(html, "span");
}

/* What would have changed it, when that is what is asked for; else the way to ask. Found by deciding again, so it is not done for all. */
static void change_write(struct portal *portal, const struct event *event, struct text place)
{
	struct html *html = &portal->html;
	struct otherwise *otherwise = arena_alloc(portal->request->arena, sizeof *otherwise);
	char id[24], to[64];
	struct text decision = record_format(id, 'd', event->position);
	if (!otherwise)
		return;
	if (!text_equal(http_query(portal->request->http, "of"), decision)) {
		snprintf(to, sizeof to, "/me/why?of=%.*s#%.*s", TEXT_ARGS(decision), TEXT_ARGS(decision));
		html_open(html, "a", "href", to, NULL);
		html_string(html, "What would have changed it?");
		html_open(html, "span", "class", "out-of-sight", NULL);
		html_string(html, " ");
		html_text(html, place);
		html_close(html, "span");
		html_close(html, "a");
		return;
	}
	int error = decision_otherwise(portal->request, portal->origin, event, otherwise);
	html_open(html, "span", "data-testid", "changed", "role", "status", NULL);
	html_string(html, error ? "That cannot be worked out any more." : otherwise->found ? otherwise->sentence : "Nothing that was learned could have changed it.");
	html_close(html, "span");
}

static bool is_asked_about(const struct portal *portal, uint64_t decision)
{
	struct rights_request rights;
	for (size_t at = 0; rights_next(portal->rights, &at, &rights);)
		if (rights.decision == decision)
			return true;
	return false;
}

/* A decision that no person made can be looked at by one (Regulation (EU) 2016/679, Article 22). */
static void person_write(struct portal *portal, const struct event *event, struct text place)
{
	struct html *html = &portal->html;
	char id[24];
	if (is_asked_about(portal, event->position)) {
		html_open(html, "span", "class", "row", NULL);
		html_open(html, "a", "href", "/me#requests", NULL);
		html_string(html, "You asked for a person");
		html_close(html, "a");
		html_close(html, "span");
		return;
	}
	portal_form_open(portal, "/me/request");
	portal_hidden(html, "type", text_of(rights_type_name(RIGHTS_PERSON)));
	portal_hidden(html, "decision", record_format(id, 'd', event->position));
	html_open(html, "button", NULL);
	html_string(html, "Let a person look at it");
	html_open(html, "span", "class", "out-of-sight", NULL);
	html_string(html, ": ");
	html_text(html, place);
	html_close(html, "span");
	html_close(html, "button");
	html_close(html, "form");
}

static void when_write(struct portal *portal, const struct shown *shown)
{
	struct html *html = &portal->html;
	const struct event *event = &shown->event;
	html_open(html, "span", "class", "from", NULL);
	portal_moment(html, event->header.time_ms);
	portal_on_channel(html, (enum channel)event->header.channel);
	if (shown->times > 1) {
		html_format(html, "; %u times since ", shown->times);
		portal_day(html, shown->first_ms);
	}
	html_string(html, ".");
	html_close(html, "span");
}

static void shown_write(struct portal *portal, const struct shown *shown)
{
	struct html *html = &portal->html;
	const struct event *event = &shown->event;
	const struct surface *surface = surface_find(portal->config, event->name);
	struct text place = surface && surface->title.n ? surface->title : touchpoint_title(portal->config, event->name), why = why_of(event);
	char id[24];
	html_open(html, "li", NULL);
	html_attribute(html, "data-decision", record_format(id, 'd', event->position));
	html_open(html, "span", NULL);
	html_attribute(html, "id", record_format(id, 'd', event->position));
	html_open(html, "strong", NULL);
	html_text(html, place);
	html_close(html, "strong");
	html_string(html, " ");
	options_write(html, value_get(event->payload, TEXT("options")));
	products_write(portal, value_get(event->payload, TEXT("shown")));
	asked_write(html, value_get(event->payload, TEXT("ask")));
	html_string(html, why.n ? "Because: " : "Nothing was fitted to you.");
	html_text(html, why);
	html_close(html, "span");
	when_write(portal, shown);
	otherwise_write(portal, event, surface);
	change_write(portal, event, place);
	person_write(portal, event, place);
	html_close(html, "li");
}

static void decisions_write(struct portal *portal, const struct gathered *gathered)
{
	struct html *html = &portal->html;
	html_element(html, "h1", "Why did I see this?");
	html_element(html, "p", "What machines decided for you, the newest first: what you got, why, and what it would have been otherwise.");
	if (gathered->n == 0)
		html_element(html, "p", "Nothing has been decided for you yet.");
	html_open(html, "ul", "class", "lines", "data-testid", "decisions", NULL);
	for (size_t i = 0; i < gathered->n; i++)
		shown_write(portal, &gathered->items[i]);
	html_close(html, "ul");
	if (gathered->more || gathered->walked == WALK_MAX)
		html_element(html, "p", "There are more, and older ones: all of them stand in the copy that you can take with you.");
	html_open(html, "p", NULL);
	html_open(html, "a", "href", "/me", NULL);
	html_string(html, "Back to your page");
	html_close(html, "a");
	html_close(html, "p");
}

void portal_why(struct request *request)
{
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	struct gathered *gathered = arena_zero_alloc(request->arena, 1, sizeof *gathered);
	if (!portal || !gathered)
		return reply_failure(request, ERROR_MEMORY);
	gathered->arena = request->arena;
	if (!portal_open(portal, request))
		return;
	if (portal_read(portal) != 0 || timeline_each(request, portal->origin, HISTORY_DECISIONS, 0, gather, gathered) != 0)
		return portal_problem(request, 503, "This cannot be shown just now.", "Nothing is lost. Try again in a moment.");
	portal_frame_open(portal, "Why did I see this?");
	decisions_write(portal, gathered);
	portal_frame_close(portal);
}
