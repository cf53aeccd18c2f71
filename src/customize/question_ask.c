/* question_ask.c: asking one question, or none. */
#include "customize/question_ask.h"

#include "interact/matter.h"
#include "interact/voice/ranking.h"

#include <string.h>

static bool complaint_is_open(struct reader *reader)
{
	struct text state = reader_state(reader, &matter_fold);
	struct matter matter;
	for (size_t at = 0; matter_next(state, &at, &matter);)
		if (matter_is_open(&matter) && text_equal(matter.kind, TEXT("complaint")))
			return true;
	return false;
}

void question_ask(struct decision *decision, struct reader *reader, uint32_t resting)
{
	struct question_budget budget = {.consents = reader->consents, .state = reader_state(reader, &question_fold),
	                                 .complaint_open = complaint_is_open(reader), .now_ms = decision->now_ms,
	                                 .wish = question_wish(preference_get(reader_state(reader, &preference_fold), TEXT(QUESTION_WISH)))};
	struct buffer why = {.p = decision->why, .capacity = sizeof decision->why, .bytes_max = sizeof decision->why - 1};
	for (size_t i = 0; i < decision->surface->questions_n && !decision->ask.kind; i++) {
		const struct question *question = question_find(reader->config, decision->surface->questions[i]);
		if (!question)
			continue;
		budget.rests = resting & question_bit(reader->config, question);
		enum question_reason reason = question_may_ask(question, &budget);
		if (reason == QUESTION_MAY) {
			struct text text = text_cut(question->text, sizeof decision->ask.text);
			decision->ask = (struct decision_ask){.kind = SUGGESTION_QUESTION, .option = MENU_NONE, .over = MENU_NONE, .question = question};
			memcpy(decision->ask.text, text.p, text.n);
			decision->ask.text_n = text.n;
		}
		if (reason == QUESTION_MAY || i == 0) { /* Of several that may not be asked, the first one's reason is said. */
			buffer_reset(&why);
			question_reason_say(&why, question, reason, &budget);
			decision->why_n = why.failed ? 0 : why.n;
		}
	}
	decision->resting = resting;
}

static void put_text(struct buffer *out, const char *key, struct text text)
{
	if (text.n == 0)
		return;
	value_put_key(out, text_of(key));
	value_put_text(out, text);
}

void question_asked_encode(struct buffer *out, const struct question *question)
{
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("properties"));
	size_t properties = value_open(out, VALUE_OBJECT);
	put_text(out, "question", question->name);
	value_close(out, properties);
	value_close(out, object);
}

int question_answer_encode(struct buffer *out, const struct question *question, struct value value, uint64_t decision)
{
	const struct question_scale_of *scale = &question_scales[question->scale];
	int64_t number;
	int error = 0;
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("properties"));
	size_t properties = value_open(out, VALUE_OBJECT);
	if (question->scale == QUESTION_RANK) {
		error = ranking_encode(out, question, value);
	} else if (value_int(value, &number) && number >= scale->low && number <= scale->high) {
		value_put_key(out, text_of(scale->property));
		value_put_int(out, number);
	} else {
		error = ERROR_INVALID;
	}
	put_text(out, "question", question->name);
	put_text(out, "about", question->about);
	value_put_key(out, TEXT("decision"));
	value_put_int(out, (int64_t)decision);
	value_close(out, properties);
	value_close(out, object);
	return error ? error : out->failed ? ERROR_MEMORY : 0;
}

static void choices_write(struct json_writer *writer, const char *key, const struct question_choice *choices, size_t n)
{
	json_key(writer, text_of(key));
	json_array_begin(writer);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(writer);
		json_put_text(writer, "name", choices[i].name);
		json_put_text(writer, "title", choices[i].title);
		json_object_end(writer);
	}
	json_array_end(writer);
}

void question_write(struct json_writer *writer, const struct question *question)
{
	const struct question_scale_of *scale = &question_scales[question->scale];
	json_put_text(writer, "question", question->name);
	json_put_text(writer, "scale", text_of(scale->name));
	json_put_text(writer, "purpose", question->purpose_name);
	json_put_int(writer, "every_uses", question->every_uses);
	if (question->scale == QUESTION_RANK) {
		choices_write(writer, "options", question->options, question->options_n);
		choices_write(writer, "motives", question->motives, question->motives_n);
	} else {
		json_put_int(writer, "low", scale->low);
		json_put_int(writer, "high", scale->high);
	}
}
