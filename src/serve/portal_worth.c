/*
 * portal_worth.c: the groups a customer is counted in, the company's stars for the contacts, and what both sides got.
 *
 * Each is said in sentences, with why, what from and what for; without a yes to its purpose there is nothing to be said, and
 * that is said.
 */
#include "serve/ledger.h"
#include "serve/portal.h"
#include "serve/segments.h"

#include "base/unit.h"
#include "trust/consent.h"

#include <math.h>

enum { CONTACTS_SHOWN = 3 };

void portal_used_for(struct portal *portal, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	struct consent_state last;
	html_string(html, "Used for “");
	portal_purpose_title(portal, purpose);
	html_string(html, "”");
	if (consent_last(portal->consents, purpose, portal->request->now_ms, &last)) {
		html_string(html, ": you agreed on ");
		portal_day(html, last.time_ms);
	}
	html_string(html, ". It ends when you ");
	html_open(html, "a", "href", "#choices", NULL);
	html_string(html, "switch that off");
	html_close(html, "a");
	html_string(html, ".");
}

/* ---- groups ---- */

/* "trait.language" as "your language". */
static void path_write(struct html *html, struct text path)
{
	bool trait = text_starts(path, TEXT("trait."));
	html_string(html, trait ? "your " : "your wish about ");
	portal_name(html, text_from(path, trait ? sizeof "trait." - 1 : sizeof "preference." - 1), false);
}

static void reason_write(void *arg, const struct rule *atom, enum truth truth, struct text says)
{
	struct html *html = arg;
	struct buffer words = BUFFER_INIT(4 * RULE_BYTES_MAX);
	if (truth != TRUTH_YES)
		return; /* What holds is why; the other side of an "or" is not. */
	rule_format(&words, atom);
	if (atom->kind == RULE_COMPARE || atom->kind == RULE_HAS) {
		html_string(html, " You stated ");
		path_write(html, atom->kind == RULE_HAS ? atom->name : atom->conditions[0].path);
	} else {
		html_string(html, atom->kind == RULE_IN ? " You are " : " You ");
		html_text(html, buffer_view(&words));
	}
	html_string(html, " (");
	html_text(html, says);
	html_string(html, ").");
	buffer_free(&words);
}

static void segment_write(struct portal *portal, const struct segments *segments, const struct segment *segment, const struct segment_facts *facts)
{
	struct html *html = &portal->html;
	const struct purpose *purpose = purpose_find(portal->config, segment->purpose);
	html_open(html, "li", NULL);
	html_attribute(html, "data-segment", segment->name);
	html_open(html, "span", NULL);
	html_string(html, "You are counted in the group “");
	html_text(html, segment->title);
	html_string(html, "”.");
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	html_string(html, "Because of what you did or stated.");
	segment_each_reason(segments, segment, facts, reason_write, html);
	html_string(html, " ");
	if (purpose)
		portal_used_for(portal, purpose);
	html_close(html, "span");
	html_close(html, "li");
}

static void segments_write(struct portal *portal, const struct segment_facts *facts)
{
	struct html *html = &portal->html;
	const struct segments *segments = segments_of(portal->config);
	bool any = false;
	if (segments->n == 0)
		return;
	html_element(html, "h3", "Which groups you are counted in");
	for (size_t i = 0; i < segments->n; i++)
		any |= segment_member(segments, &segments->items[i], facts) == SEGMENT_IN;
	if (!any) {
		html_element(html, "p", "You are counted in no group.");
		return;
	}
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < segments->n; i++)
		if (segment_member(segments, &segments->items[i], facts) == SEGMENT_IN)
			segment_write(portal, segments, &segments->items[i], facts);
	html_close(html, "ul");
}

/* ---- the company's stars, and what both sides got ---- */

static void amount_write(struct html *html, int64_t hundredths, struct text currency)
{
	portal_amount(html, (hundredths < 0 ? -hundredths + 50 : hundredths + 50) / 100, currency);
}

/* "You came for: a new card (you said so). You got 18 minutes saved, and this was settled: Bill, City Water." */
static void sides_write(struct portal *portal, const struct ledger *ledger, const struct stars_contact *contact)
{
	struct html *html = &portal->html;
	struct text settled;
	bool asked;
	struct text reason = ledger_reason(portal->request, ledger, contact, &asked);
	const char *between = " This was settled: ";
	html_string(html, " You came for: ");
	if (reason.p == contact->name.p)
		portal_name(html, reason, false);
	else
		html_text(html, reason);
	html_string(html, asked ? " (you said so)." : " (a guess, from what you did).");
	if (contact->saved)
		html_format(html, " You saved %.0f minutes.", (double)contact->saved / 100);
	if (contact->wasted)
		html_format(html, " You lost %.0f minutes.", (double)contact->wasted / 100);
	if (contact->got) {
		html_string(html, contact->got > 0 ? " All together it was worth " : " All together it cost you ");
		amount_write(html, contact->got, ledger->prices->currency);
		html_string(html, contact->got > 0 ? " to you." : ".");
	}
	for (size_t at = 0; ledger_settled_next(portal->request, ledger, contact, &at, &settled); between = "; ") {
		html_string(html, between);
		html_text(html, settled);
	}
	if (*between == ';')
		html_string(html, ".");
}

static void contact_write(struct portal *portal, const struct ledger *ledger, const struct stars_contact *contact)
{
	struct html *html = &portal->html;
	struct buffer why = BUFFER_INIT(400);
	stars_say(&why, contact, &ledger->prices->goal, ledger->prices->currency);
	html_open(html, "li", "data-star", "contact", NULL);
	html_open(html, "span", NULL);
	html_format(html, "%u of 5 stars for ", contact->stars);
	portal_name(html, contact->name, false);
	portal_on_channel(html, (enum channel)contact->channel);
	html_string(html, ". ");
	html_text(html, buffer_view(&why));
	sides_write(portal, ledger, contact);
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	html_string(html, "From your contact on ");
	portal_moment(html, contact->start_ms);
	html_string(html, ".");
	html_close(html, "span");
	html_close(html, "li");
	buffer_free(&why);
}

static void balance_write(struct portal *portal, const struct ledger *ledger)
{
	struct html *html = &portal->html;
	int64_t profit = ledger->sum.income - ledger->sum.cost, got = ledger->sum.given - ledger->sum.lost;
	html_open(html, "li", "data-balance", "year", NULL);
	html_open(html, "span", NULL);
	html_string(html, profit < 0 ? "In twelve months we spent " : "In twelve months you brought us ");
	amount_write(html, profit, ledger->prices->currency);
	html_string(html, profit < 0 ? " more on you than you brought us, and you " : ", and you ");
	html_string(html, got < 0 ? "lost time and money worth " : "got time and rewards worth ");
	amount_write(html, got, ledger->prices->currency);
	html_string(html, ".");
	html_close(html, "span");
	html_open(html, "span", "class", "from", NULL);
	html_format(html, "From %zu kinds of things you did, each with a price; complaints are never counted against you.", ledger->lines_n);
	html_close(html, "span");
	html_close(html, "li");
}

static void stars_write(struct portal *portal, const struct ledger *ledger, const struct purpose *purpose)
{
	struct html *html = &portal->html;
	html_open(html, "ul", "class", "lines", NULL);
	if (ledger->contacts_n) {
		html_open(html, "li", "data-star", "mean", NULL);
		html_open(html, "span", NULL);
		html_format(html, "We give your contacts %.1f of 5 stars on average, over %zu of them.", round(ledger->stars * 10) / 10, ledger->contacts_n);
		html_close(html, "span");
		html_open(html, "span", "class", "from", NULL);
		html_string(html, "From money, our staff's minutes and what we learned, since you agreed. ");
		portal_used_for(portal, purpose);
		html_close(html, "span");
		html_close(html, "li");
	}
	for (size_t i = ledger->contacts_n, n = 0; i > 0 && n < CONTACTS_SHOWN; i--, n++)
		contact_write(portal, ledger, &ledger->contacts[i - 1]);
	balance_write(portal, ledger);
	html_close(html, "ul");
}

static int facts_read(struct portal *portal, struct segment_facts *facts)
{
	struct engine *engine = portal->request->server->engine;
	struct customer *customer = customer_lock_of(engine, portal->origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = segments_facts_read(facts, engine, customer, portal->request->arena, portal->request->now_ms);
	customer_unlock(engine, customer);
	return error;
}

static void ledger_write(struct portal *portal, const struct purpose *purpose)
{
	struct ledger *ledger = arena_alloc(portal->request->arena, sizeof *ledger);
	struct history history;
	uint32_t number;
	bool may = false;
	int error = ledger ? ledger_open(ledger, portal->request, portal->origin, purpose, &may, &number, &history) : ERROR_MEMORY;
	html_element(&portal->html, "h3", "Our stars for you");
	if (!error && may)
		error = ledger_read(ledger, portal->request, &history, purpose->mask, portal->request->now_ms + 1);
	if (error)
		html_element(&portal->html, "p", "They cannot be shown just now.");
	else if (!may)
		html_element(&portal->html, "p", "We give you none, and we do not count what you bring or cost one by one: you have not agreed to it.");
	else
		stars_write(portal, ledger, purpose);
}

void portal_worth_write(struct portal *portal)
{
	const struct purpose *purpose = purpose_find(portal->config, TEXT("analytics"));
	struct segment_facts facts;
	if (facts_read(portal, &facts) == 0)
		segments_write(portal, &facts);
	if (purpose && price_list_of(portal->config)->n)
		ledger_write(portal, purpose);
}
