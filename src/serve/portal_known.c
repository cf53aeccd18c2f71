/* portal_known.c: what is known, guessed and withheld; what is open. */
#include "serve/portal.h"

#include "base/code.h"
#include "identify/trait.h"
#include "interact/matter.h"
#include "interact/touchpoint.h"
#include "serve/correct.h"
#include "trust/consent.h"
#include "trust/trait_use.h"

#include <stdio.h>

/* "From the branches, since 4 June 2024." */
static void from_write(struct portal *portal, uint32_t source, int64_t since_ms, struct text use)
{
	struct html *html = &portal->html;
	struct text name = dictionary_name(engine_dictionary(portal->request->server->engine), source);
	html_open(html, "span", "class", "from", NULL);
	html_string(html, name.n ? "From: " : "");
	html_text(html, portal_document_title(portal->config, TEXT("source"), name));
	html_string(html, name.n ? ", since " : "Since ");
	portal_day(html, since_ms);
	html_string(html, ". ");
	html_text(html, use);
	html_close(html, "span");
}

static bool can_be_typed(enum value_type type)
{
	return type == VALUE_TEXT || type == VALUE_INT || type == VALUE_DOUBLE;
}

/* "That is wrong": a field with what stands there, to be put right. What has parts is put right by a person. */
static void correct_write(struct portal *portal, const struct latest *trait, unsigned number)
{
	struct html *html = &portal->html;
	char id[24];
	if (!can_be_typed(value_type_of(trait->value)) || !*portal->form_token)
		return; /* A copy that is taken along has no forms. */
	snprintf(id, sizeof id, "correct-%u", number);
	html_open(html, "details", NULL);
	html_open(html, "summary", NULL);
	html_string(html, "That is wrong");
	html_open(html, "span", "class", "out-of-sight", NULL);
	html_string(html, ": ");
	portal_name(html, trait->key, false);
	html_close(html, "span");
	html_close(html, "summary");
	portal_form_open(portal, "/me/correct");
	portal_hidden(html, "trait", trait->key);
	html_open(html, "p", "class", "row", NULL);
	html_open(html, "label", "for", id, NULL);
	html_string(html, "It should be");
	html_close(html, "label");
	html_open(html, "input", "id", id, "name", "value", "required", "", "maxlength", "500", NULL);
	html_element(html, "button", "Put it right");
	html_close(html, "p");
	html_close(html, "form");
	html_close(html, "details");
}

/* "Used only for “Tell me about offers”." */
static void use_say(struct portal *portal, const struct latest *trait, struct buffer *out)
{
	const struct trait_use *use = trait_use_find(portal->config, trait->key);
	bool any = false;
	buffer_string(out, trait->tag & TRAIT_CORRECTED ? "Put right since then. " : "");
	for (size_t i = 0; use && i < use->purposes_n; i++)
		if (trait_use_may(portal->config, trait, use->purposes[i])) {
			buffer_format(out, "%s“%.*s”", any ? " and " : "Used only for ", TEXT_ARGS(purpose_of_mask(portal->config, use->purposes[i])->title));
			any = true;
		}
	buffer_string(out, !use ? "Used to serve you." : any ? ", while you agree to that." : "Used for nothing: you had not agreed when it was stated.");
}

static void traits_write(struct portal *portal)
{
	struct html *html = &portal->html;
	struct latest trait;
	unsigned n = 0;
	html_element(html, "h3", "What you or our staff stated");
	html_open(html, "ul", "class", "lines", NULL);
	bool any = false;
	for (size_t at = 0; latest_next(portal->traits, &at, &trait);) {
		if (trait.value.n == 0)
			continue;
		any = true;
		html_open(html, "li", NULL);
		html_attribute(html, "data-fact", trait.key);
		html_open(html, "span", NULL);
		html_string(html, "Your ");
		portal_name(html, trait.key, false);
		html_string(html, ": ");
		portal_value(html, trait.value);
		html_close(html, "span");
		struct buffer use = BUFFER_INIT(2048);
		use_say(portal, &trait, &use);
		from_write(portal, trait.source, trait.order, buffer_view(&use));
		buffer_free(&use);
		correct_write(portal, &trait, n++);
		html_close(html, "li");
	}
	html_close(html, "ul");
	if (!any)
		html_element(html, "p", "Nothing has been stated about you.");
}

static const char *identifier_words(struct text type)
{
	static const struct {
		const char *type, *words;
	} known[] = {{"user", "Your customer number"}, {"email", "Your e-mail address"}, {"anonymous", "A device or browser of yours"},
	             {"phone", "Your phone number"},   {"account", "Your account"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (text_equal(type, text_of(known[i].type)))
			return known[i].words;
	return NULL;
}

static void identifiers_write(struct portal *portal)
{
	struct html *html = &portal->html;
	struct identifier_known known;
	html_element(html, "h3", "How we recognise you");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t at = 0; identifier_next(portal->identifiers, &at, &known);) {
		const char *words = identifier_words(known.identifier.type);
		html_open(html, "li", NULL);
		html_attribute(html, "data-identifier", known.identifier.type);
		html_open(html, "span", NULL);
		if (words)
			html_string(html, words);
		else
			portal_name(html, known.identifier.type, true);
		html_string(html, ": ");
		html_text(html, known.identifier.value);
		html_close(html, "span");
		from_write(portal, known.source, known.since_ms, TEXT("Used to know that it is you."));
		html_close(html, "li");
	}
	html_close(html, "ul");
}

/* Where a guess is used, and since when it may be. */
static void agreed_write(struct portal *portal, const struct surface *surface)
{
	struct html *html = &portal->html;
	const struct purpose *purpose = purpose_of_mask(portal->config, surface->purpose);
	struct consent_state last;
	html_open(html, "span", "class", "from", NULL);
	html_string(html, "Used here: ");
	html_text(html, surface->title.n ? surface->title : touchpoint_title(portal->config, surface->name));
	if (purpose && consent_last(portal->consents, purpose, portal->request->now_ms, &last)) {
		html_string(html, ". Used because you agreed on ");
		portal_day(html, last.time_ms);
		html_string(html, " to “");
		portal_purpose_title(portal, purpose);
		html_string(html, "”");
	}
	html_string(html, ".");
	html_close(html, "span");
}

static void guesses_write(struct portal *portal)
{
	struct html *html = &portal->html;
	html_element(html, "h3", "What we guess");
	if (portal->guesses_n == 0) {
		html_element(html, "p", "We guess nothing about you.");
		return;
	}
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < portal->guesses_n; i++) {
		html_open(html, "li", NULL);
		html_attribute(html, "data-guess", portal->guesses[i].surface->name);
		html_open(html, "span", "class", "guess", NULL);
		html_text(html, portal->guesses[i].text);
		html_string(html, " ");
		html_open(html, "span", "class", "guess-mark", NULL);
		html_string(html, "guess");
		html_close(html, "span");
		html_close(html, "span");
		agreed_write(portal, portal->guesses[i].surface);
		html_close(html, "li");
	}
	html_close(html, "ul");
	if (*portal->form_token) {
		html_open(html, "p", NULL);
		html_open(html, "a", "href", "/me/why", NULL);
		html_string(html, "Why did I see what I saw?");
		html_close(html, "a");
		html_close(html, "p");
	}
}

static bool is_withheld(const struct purpose *purpose, uint64_t agreed)
{
	return purpose_is_choice(purpose) && !(purpose->mask & agreed);
}

static void withheld_write(struct portal *portal)
{
	struct html *html = &portal->html;
	const struct purposes *purposes = purposes_of(portal->config);
	uint64_t agreed = consent_mask(portal->consents, portal->config, portal->request->now_ms);
	bool any = false;
	for (size_t i = 0; i < purposes->n; i++)
		any |= is_withheld(&purposes->items[i], agreed);
	if (!any)
		return;
	html_element(html, "h3", "What we do not use");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < purposes->n; i++) {
		if (!is_withheld(&purposes->items[i], agreed))
			continue;
		html_open(html, "li", NULL);
		html_attribute(html, "data-withheld", purposes->items[i].name);
		html_open(html, "span", NULL);
		html_string(html, "Nothing is used for “");
		portal_purpose_title(portal, &purposes->items[i]);
		html_string(html, "”: you have not agreed to it.");
		html_close(html, "span");
		html_close(html, "li");
	}
	html_close(html, "ul");
}

/* What was typed, as what stood there: a number stays a number. False: it is none. */
static bool typed_read(struct buffer *out, struct value old, struct text typed)
{
	int64_t whole;
	double number;
	if (value_type_of(old) == VALUE_TEXT)
		value_put_text(out, typed);
	else if (text_to_int64(typed, &whole) == 0)
		value_put_int(out, whole);
	else if (text_to_double(typed, &number) == 0)
		value_put_double(out, number);
	else
		return false;
	return !out->failed;
}

static const char *how_written(enum code_kind kind)
{
	return kind == CODE_LANGUAGE   ? "Write a language as cs or en-GB. Nothing was changed."
	       : kind == CODE_ZONE     ? "Write a time zone as Europe/Prague. Nothing was changed."
	       : kind == CODE_CURRENCY ? "Write a currency as EUR. Nothing was changed."
	                               : "Say it in a few words, or as a number where a number stood. Nothing was changed.";
}

void portal_correct_form(struct portal *portal)
{
	struct request *request = portal->request;
	struct buffer value = BUFFER_INIT(2 * LATEST_VALUE_BYTES_MAX);
	struct correction correction = {.trait = form_field(request, "trait")};
	struct text typed = text_trim(form_field(request, "value"));
	struct latest trait;
	uint64_t position = 0;
	bool known = latest_find(portal->traits, correction.trait, &trait) && can_be_typed(value_type_of(trait.value));
	int error = known && typed.n && typed_read(&value, trait.value, typed) ? 0 : ERROR_INVALID;
	correction.value = (struct value){(const uint8_t *)value.p, value.n};
	if (!error)
		error = correction_append(request, portal->origin, &correction, CHANNEL_WEB, &position);
	buffer_free(&value);
	if (error == ERROR_CONFLICT)
		portal_done_redirect(request, "same-know", 0);
	else if (error == ERROR_INVALID || error == ERROR_NOT_FOUND || error == ERROR_LIMIT)
		portal_problem(request, 400, "That cannot be put there.", how_written(code_kind_of(correction.trait)));
	else if (error)
		portal_problem(request, 503, "That could not be kept just now.", "Nothing was changed. Try again in a moment.");
	else
		portal_done_redirect(request, "corrected", position);
}

void portal_known_section(struct portal *portal)
{
	portal_section_open(portal, "know", "What do you know about me?");
	traits_write(portal);
	identifiers_write(portal);
	guesses_write(portal);
	portal_worth_write(portal);
	portal_part_write(portal);
	withheld_write(portal);
	portal_section_close(portal);
}

/* ---- what is open ---- */

void portal_open_section(struct portal *portal)
{
	struct html *html = &portal->html;
	struct matter matter;
	bool any = false;
	portal_section_open(portal, "open", "What is open?");
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t at = 0; matter_next(portal->matters, &at, &matter);) {
		if (!matter_is_open(&matter))
			continue;
		any = true;
		html_open(html, "li", NULL);
		html_attribute(html, "data-matter", matter.id);
		html_open(html, "span", NULL);
		html_text(html, portal_document_title(portal->config, TEXT("matter"), matter.kind));
		html_string(html, matter.title.n ? ": " : "");
		html_text(html, matter.title);
		if (matter.amount_minor) {
			html_string(html, ", ");
			portal_amount(html, matter.amount_minor, matter.currency);
		}
		html_close(html, "span");
		html_open(html, "span", "class", "from", NULL);
		html_string(html, "Open since ");
		portal_day(html, matter.opened_ms);
		if (matter.due_ms) {
			html_string(html, matter.due_ms < portal->request->now_ms ? ", was due on " : ", due on ");
			portal_day(html, matter.due_ms);
		}
		html_string(html, ".");
		html_close(html, "span");
		html_close(html, "li");
	}
	html_close(html, "ul");
	if (!any)
		html_element(html, "p", "Nothing is open between us.");
	portal_section_close(portal);
}
