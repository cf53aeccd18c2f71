/* voice_customers.c: GET /v1/voice/customers: who gave an answer that a figure counts. */
#include "serve/api.h"
#include "serve/behind.h"

#include "base/clock.h"
#include "engine/customer_rows.h"
#include "interact/touchpoint.h"
#include "interact/voice/question.h"
#include "measure/voice.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { EVENTS_MAX = 50 * 1000 * 1000, NAME_SHOWN_MAX = 80 };

/* Which answers are opened. */
struct opened {
	enum voice_scale scale;
	int64_t low, high, days;
	struct text touchpoint;
	uint32_t event, place;      /* Numbers of names; place 0: anywhere. */
};

static bool opened_read(struct request *request, struct opened *opened)
{
	struct text scale = http_query(request->http, "scale");
	struct dictionary *names = engine_dictionary(request->server->engine);
	*opened = (struct opened){.touchpoint = http_query(request->http, "touchpoint")};
	while (opened->scale < VOICE_SCALES && !text_equal(scale, text_of(question_scales[opened->scale].name)))
		opened->scale++;
	if (opened->scale == VOICE_SCALES) {
		reply_error(request, 400, "invalid_scale", "\"scale\" must be stars, nps or ces.");
		return false;
	}
	const struct question_scale_of *bounds = &question_scales[opened->scale];
	opened->event = dictionary_find(names, text_of(bounds->event));
	opened->place = opened->touchpoint.n ? dictionary_find(names, opened->touchpoint) : 0;
	if (opened->touchpoint.n && !opened->place) {
		reply_error(request, 404, "no_touchpoint", "No event came from a touchpoint \"%.*s\".", TEXT_ARGS(text_first(opened->touchpoint, NAME_SHOWN_MAX)));
		return false;
	}
	return request_number(request, "low", bounds->low, bounds->low, bounds->high, &opened->low) &&
	       request_number(request, "high", bounds->high, bounds->low, bounds->high, &opened->high) &&
	       request_number(request, "days", 30, 1, 365, &opened->days);
}

static bool is_opened(const struct opened *opened, const struct customer_row *row)
{
	int64_t level = lround(row->value / 100.0);
	return opened->event && row->name == opened->event && (!opened->place || row->touchpoint == opened->place) && level >= opened->low &&
	       level <= opened->high;
}

static void sentence_make(struct request *request, const struct opened *opened, uint32_t total, char *out, size_t bytes)
{
	static const char *const units[] = {[VOICE_STARS] = "stars", [VOICE_NPS] = "of 10 for recommending", [VOICE_CES] = "of 7 for ease"};
	struct text place = text_first(touchpoint_title(engine_config(request->server->engine), opened->touchpoint), NAME_SHOWN_MAX);
	if (!behind_may_show(request, total))
		snprintf(out, bytes, "Too few customers to show: %" PRId64 " are needed.", request->server->settings.aggregate_min);
	else
		snprintf(out, bytes, "%u customers gave %" PRId64 " to %" PRId64 " %s%s%.*s in the last %" PRId64 " days.", total, opened->low, opened->high,
		         units[opened->scale], opened->place ? ", at: " : "", TEXT_ARGS(opened->place ? place : TEXT("")), opened->days);
}

void api_voice_customers(struct request *request)
{
	struct opened opened;
	struct customer_rows rows;
	char sentence[300];
	uint32_t total = 0;
	if (!opened_read(request, &opened))
		return;
	int error = customer_rows_take(&rows, request->server->engine, request->now_ms - opened.days * MS_A_DAY, request->now_ms + 1, EVENTS_MAX);
	uint8_t *in = error ? NULL : memory_zero_alloc((size_t)rows.customers_n + 1, 1);
	for (size_t i = 0; in && i < rows.n; i++) {
		bool fresh = rows.items[i].customer < rows.customers_n && !in[rows.items[i].customer] && is_opened(&opened, &rows.items[i]);
		if (fresh)
			in[rows.items[i].customer] = 1;
		total += fresh;
	}
	if (in) {
		sentence_make(request, &opened, total, sentence, sizeof sentence);
		behind_reply(request, &(struct behind){in, rows.customers_n, total}, sentence);
	} else {
		reply_failure(request, error ? error : ERROR_MEMORY);
	}
	memory_free(in);
	customer_rows_free(&rows);
}
