/*
 * portal_question.c: /me/question: the question a customer may be asked on the own page, when there is one.
 *
 * Opening the page is asking, within the same budget as everywhere; when nothing may be asked the page says why, in words.
 * What is asked is configured: the surface PORTAL_QUESTION_SURFACE (type question). The form works without JavaScript and has
 * nothing chosen beforehand.
 */
#include "serve/portal.h"
#include "serve/question.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the form ---- */

static void option_write(struct html *html, const char *value, const char *says)
{
	html_open(html, "option", "value", value, NULL);
	html_string(html, says);
	html_close(html, "option");
}

/* One line an option: best, second, or out of reach; nothing is chosen. */
static void ranking_write(struct html *html, const struct question *question)
{
	html_open(html, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < question->options_n; i++) {
		char id[16];
		snprintf(id, sizeof id, "rank-%zu", i);
		html_open(html, "li", NULL);
		html_open(html, "label", "for", id, NULL);
		html_text(html, question->options[i].title);
		html_close(html, "label");
		html_open(html, "select", "id", id, "name", id, NULL);
		option_write(html, "", "not said");
		option_write(html, "1", "fits me best");
		option_write(html, "2", "second best");
		option_write(html, "no", "I could not use it");
		html_close(html, "select");
		html_close(html, "li");
	}
	html_close(html, "ul");
}

static void radio_write(struct html *html, const char *name, struct text value, struct text says)
{
	html_open(html, "label", NULL);
	html_open(html, "input", "type", "radio", "name", name, NULL);
	html_attribute(html, "value", value);
	html_text(html, says);
	html_close(html, "label");
}

static void radios_open(struct html *html, const char *legend)
{
	html_open(html, "fieldset", "class", "way", NULL);
	html_open(html, "legend", NULL);
	html_string(html, legend);
	html_close(html, "legend");
}

static void answers_write(struct html *html, const struct question *question)
{
	const struct question_scale_of *scale = &question_scales[question->scale];
	if (question->scale == QUESTION_RANK) {
		ranking_write(html, question);
		radios_open(html, "What speaks for the one that fits you best?");
		for (size_t i = 0; i < question->motives_n; i++)
			radio_write(html, "motive", question->motives[i].name, question->motives[i].title);
		return html_close(html, "fieldset");
	}
	radios_open(html, "Your answer");
	for (int64_t level = scale->low; level <= scale->high; level++) {
		char number[24];
		int n = snprintf(number, sizeof number, "%" PRId64, level);
		radio_write(html, "value", (struct text){number, (size_t)n}, (struct text){number, (size_t)n});
	}
	html_close(html, "fieldset");
}

static void question_form(struct portal *portal, const struct question *question, uint64_t decision)
{
	struct html *html = &portal->html;
	char id[24];
	portal_form_open(portal, "/me/answer");
	portal_hidden(html, "decision", record_format(id, 'd', decision));
	answers_write(html, question);
	html_open(html, "p", NULL);
	html_open(html, "button", "class", "first", NULL);
	html_string(html, "Send my answer");
	html_close(html, "button");
	html_string(html, " ");
	html_open(html, "a", "href", "/me", NULL);
	html_string(html, "Not now");
	html_close(html, "a");
	html_close(html, "p");
	html_close(html, "form");
}

void portal_question(struct request *request)
{
	struct portal *portal = arena_alloc(request->arena, sizeof *portal);
	struct decision *decision = arena_alloc(request->arena, sizeof *decision);
	const struct surface *surface = surface_find(engine_config(request->server->engine), TEXT(PORTAL_QUESTION_SURFACE));
	uint64_t position = 0;
	if (!portal || !decision)
		return reply_failure(request, ERROR_MEMORY);
	if (!portal_open(portal, request))
		return;
	if (!surface || surface->type != SURFACE_QUESTION)
		return portal_problem(request, 404, "We have no question for you.", "There is nothing to answer here.");
	if (portal_read(portal) != 0 || decision_make(request, portal->origin, surface, CHANNEL_WEB, decision, &position) != 0)
		return portal_problem(request, 503, "The question cannot be shown just now.", "Nothing is lost. Try again in a moment.");
	const struct question *question = decision->ask.kind == SUGGESTION_QUESTION ? decision->ask.question : NULL;
	portal_frame_open(portal, "A question");
	html_open(&portal->html, "h1", NULL);
	html_text(&portal->html, question ? question->text : TEXT("We ask you nothing now."));
	html_close(&portal->html, "h1");
	html_open(&portal->html, "p", "data-testid", "why", NULL);
	html_text(&portal->html, (struct text){decision->why, decision->why_n});
	html_close(&portal->html, "p");
	if (question)
		question_form(portal, question, position);
	portal_frame_close(portal);
}

/* ---- the answer ---- */

/* {"open": [...], "order": [...], "motive"} as the form says it. */
static void ranking_read(struct request *request, const struct question *question, struct json_writer *out)
{
	struct text motive = form_field(request, "motive");
	json_object_begin(out);
	for (int list = 0; list < 3; list++) { /* What was open, then the best, then the second. */
		static const char *const ranks[] = {"", "1", "2"};
		if (list < 2) {
			json_key(out, list == 0 ? TEXT("open") : TEXT("order"));
			json_array_begin(out);
		}
		for (size_t i = 0; i < question->options_n; i++) {
			char name[16];
			snprintf(name, sizeof name, "rank-%zu", i);
			struct text said = form_field(request, name);
			if (list == 0 ? !text_equal(said, TEXT("no")) : text_equal(said, text_of(ranks[list])))
				json_write_text(out, question->options[i].name);
		}
		if (list != 1)
			json_array_end(out);
	}
	if (motive.n)
		json_put_text(out, "motive", motive);
	json_object_end(out);
}

static int answer_read(struct request *request, const struct question *question, struct buffer *text, struct json *value)
{
	struct json_writer out = JSON_WRITER(text);
	struct json_parser *parser = thread_parser();
	struct json root;
	json_object_begin(&out);
	json_key(&out, TEXT("value"));
	int64_t number;
	if (question->scale == QUESTION_RANK)
		ranking_read(request, question, &out);
	else if (text_to_int64(form_field(request, "value"), &number) == 0)
		json_write_int(&out, number);
	else
		json_write_null(&out);
	json_object_end(&out);
	if (text->failed || !parser)
		return ERROR_MEMORY;
	int error = json_parse(parser, buffer_view(text), &root);
	*value = json_get(root, TEXT("value"));
	return error;
}

void portal_answer_form(struct portal *portal)
{
	struct request *request = portal->request;
	struct buffer text = BUFFER_INIT(8192);
	struct event decision;
	struct json value;
	uint64_t position;
	const struct question *question = NULL;
	if (record_parse(form_field(request, "decision"), 'd', &position) && record_own(request, portal->origin, position, &decision) == 0 &&
	    decision.header.kind == EVENT_DECISION)
		question = question_of_decision(engine_config(request->server->engine), &decision);
	if (!question)
		return portal_problem(request, 404, "This question is not asked any more.", "Nothing was kept. Thank you all the same.");
	int error = answer_read(request, question, &text, &value);
	if (!error)
		error = question_answer_append(request, portal->origin, &decision, question, value);
	buffer_free(&text);
	if (error == ERROR_INVALID)
		return portal_problem(request, 400, "That is no answer yet.", "Choose which fits you best, each place once. Go back in your browser and try again.");
	if (error == ERROR_CONFLICT)
		return portal_problem(request, 409, "You have answered this already.", "One asking has one answer.");
	if (error)
		return portal_problem(request, 503, "That could not be kept just now.", "Nothing was changed. Try again in a moment.");
	page_redirect(request, "/me?done=answered#know");
}
