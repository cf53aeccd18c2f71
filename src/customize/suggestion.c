/* suggestion.c: counting answers. Integers and maxima only, so the order of arrival does not matter. */
#include "customize/suggestion.h"

#include "base/clock.h"

#include <string.h>

struct answers {
	uint32_t mark;
	uint8_t kind, no_count, never, reserved;
	int64_t last_ms, last_no_ms;
};

enum { ANSWERS_MAX = 40 };

static bool answers_at(struct text state, size_t i, struct answers *answers)
{
	if ((i + 1) * sizeof *answers > state.n)
		return false;
	memcpy(answers, state.p + i * sizeof *answers, sizeof *answers);
	return true;
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	int64_t mark = 0, kind = 0;
	struct answers answers;
	struct text answer = value_text(value_get(event->payload, TEXT("answer")));
	struct text view = {(const char *)state->p, state->n};
	size_t i = 0;
	(void)context;
	if (!value_int(value_get(event->payload, TEXT("mark")), &mark) || !value_int(value_get(event->payload, TEXT("kind")), &kind))
		return;
	while (answers_at(view, i, &answers) && (answers.mark != (uint32_t)mark || answers.kind != kind))
		i++;
	if (!answers_at(view, i, &answers)) {
		if (i == ANSWERS_MAX)
			return;
		answers = (struct answers){.mark = (uint32_t)mark, .kind = (uint8_t)kind};
		state->n += sizeof answers;
	}
	int64_t time = event->header.received_ms;
	answers.last_ms = time > answers.last_ms ? time : answers.last_ms;
	if (!text_equal(answer, TEXT("yes"))) {
		answers.no_count += answers.no_count < UINT8_MAX;
		answers.never |= text_equal(answer, TEXT("never"));
		answers.last_no_ms = time > answers.last_no_ms ? time : answers.last_no_ms;
	}
	memcpy(state->p + i * sizeof answers, &answers, sizeof answers);
}

const struct fold suggestion_fold = {
	.name = "answers", .version = 1, .bytes_max = ANSWERS_MAX * sizeof(struct answers),
	.kinds = EVENT_KIND_BIT(EVENT_RESPONSE), .apply = apply};

bool suggestion_may_ask(struct text state, uint32_t mark, enum suggestion_kind kind, int64_t now_ms)
{
	struct answers answers;
	for (size_t i = 0; answers_at(state, i, &answers); i++) {
		if (answers.mark != mark)
			continue;
		if (kind != SUGGESTION_CONSENT && now_ms - answers.last_ms < (int64_t)SUGGESTION_WEEK_DAYS * MS_A_DAY)
			return false;
		if (answers.kind != kind || answers.no_count == 0)
			continue;
		int64_t rest = (int64_t)SUGGESTION_REST_DAYS * MS_A_DAY << (answers.no_count - 1 < 8 ? answers.no_count - 1 : 8);
		if (answers.never || answers.no_count >= SUGGESTION_NO_MAX || now_ms - answers.last_no_ms < rest)
			return false;
	}
	return true;
}
