/* question.c: questions asked and answered, and who looks at the answers. */
#include "serve/question.h"

#include "base/clock.h"
#include "engine/tally.h"
#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

/* ---- who looks at the answers ---- */

static pthread_mutex_t uses_lock = PTHREAD_MUTEX_INITIALIZER; /* A day is entered once. Taken before no other lock but the tallies'. */

static struct text tally_name(char out[TALLY_NAME_BYTES_MAX + 1], const struct question *question)
{
	int n = snprintf(out, TALLY_NAME_BYTES_MAX + 1, "question.%.*s", TEXT_ARGS(question->name));
	return text_first((struct text){out, (size_t)n}, TALLY_NAME_BYTES_MAX);
}

static const struct tally *tally_find(const struct tally *tallies, size_t n, struct text name)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(text_of(tallies[i].name), name))
			return &tallies[i];
	return NULL;
}

static struct question_use use_of(const struct tally *tallies, size_t n, const struct question *question, int64_t now_ms)
{
	char name[TALLY_NAME_BYTES_MAX + 1];
	const struct tally *tally = tally_find(tallies, n, tally_name(name, question));
	if (!tally)
		return (struct question_use){0};
	int64_t last_ms = (int64_t)tally->n[1] * MS_A_DAY;
	return (struct question_use){tally->n[0], last_ms, now_ms - last_ms > (int64_t)(QUESTION_UNUSED_DAYS + 1) * MS_A_DAY};
}

struct question_use question_use_of(struct engine *engine, const struct question *question, int64_t now_ms)
{
	struct tally tallies[TALLIES_MAX];
	size_t n = engine_tallies(engine, tallies);
	return use_of(tallies, n, question, now_ms);
}

uint32_t questions_resting(struct engine *engine, const struct config *config, int64_t now_ms)
{
	struct tally tallies[TALLIES_MAX];
	size_t n = engine_tallies(engine, tallies);
	const struct questions *questions = questions_of(config);
	uint32_t resting = 0;
	for (size_t i = 0; i < questions->n; i++)
		if (use_of(tallies, n, &questions->items[i], now_ms).rests)
			resting |= question_bit(config, &questions->items[i]);
	return resting;
}

/* Enter today as the day of the last look, or of the first asking. */
static void day_note(struct engine *engine, const struct question *question, int64_t now_ms, bool look)
{
	struct tally tallies[TALLIES_MAX];
	char name[TALLY_NAME_BYTES_MAX + 1];
	uint64_t today = (uint64_t)(now_ms / MS_A_DAY);
	struct text key = tally_name(name, question);
	pthread_mutex_lock(&uses_lock);
	const struct tally *tally = tally_find(tallies, engine_tallies(engine, tallies), key);
	uint64_t last = tally ? tally->n[1] : 0, days = tally ? tally->n[0] : 0;
	bool first_today = today > last || days == 0;
	if (look && first_today)
		engine_tally(engine, key, 1, today > last ? today - last : 0);
	else if (!look && !tally)
		engine_tally(engine, key, 0, today);
	pthread_mutex_unlock(&uses_lock);
}

void questions_looked_at(struct engine *engine, enum question_scale scale, int64_t now_ms)
{
	const struct questions *questions = questions_of(engine_config(engine));
	for (size_t i = 0; i < questions->n; i++)
		if (questions->items[i].scale == scale)
			day_note(engine, &questions->items[i], now_ms, true);
}

/* ---- asking ---- */

static int track_append(struct request *request, struct customer *customer, uint32_t origin, struct engine_write *write,
                        struct text name, struct text touchpoint)
{
	struct engine *engine = request->server->engine;
	uint64_t position = 0;
	int error = engine_name(engine, name, &write->header.name);
	if (!error && touchpoint.n)
		error = engine_name(engine, touchpoint, &write->header.touchpoint);
	if (!error)
		error = engine_append(engine, customer, origin, write, &position);
	if (!error && position > request->wait_for)
		request->wait_for = position;
	return error;
}

int question_asked_append(struct request *request, struct customer *customer, uint32_t origin, const struct question *question,
                          enum channel channel, uint64_t consents)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_TRACK, channel)};
	question_asked_encode(&payload, question);
	write.payload = buffer_view(&payload);
	write.header.purposes |= consents;
	int error = payload.failed ? ERROR_MEMORY : track_append(request, customer, origin, &write, TEXT(QUESTION_ASKED_EVENT), question->where);
	buffer_free(&payload);
	if (!error)
		day_note(request->server->engine, question, request->now_ms, false);
	return error;
}

/* ---- answering ---- */

const struct question *question_of_decision(const struct config *config, const struct event *decision)
{
	const struct questions *questions = questions_of(config);
	struct value ask = value_get(decision->payload, TEXT("ask"));
	int64_t mark;
	if (!text_equal(value_text(value_get(ask, TEXT("kind"))), TEXT("question")) || !value_int(value_get(ask, TEXT("question")), &mark))
		return NULL;
	for (size_t i = 0; i < questions->n; i++)
		if (questions->items[i].mark == mark)
			return &questions->items[i];
	return NULL;
}

static int answer_write(struct request *request, uint32_t origin, struct engine_write *write, const struct question *question)
{
	struct engine *engine = request->server->engine;
	struct question_course course;
	struct reader reader;
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = reader_open(&reader, engine, customer, request->arena, PURPOSE_SERVICE, request->now_ms);
	if (!error && !customer_has(engine, customer, origin))
		error = ERROR_BUSY;
	if (!error && (!question_course(reader_state(&reader, &question_fold), question, &course) || course.answered))
		error = ERROR_CONFLICT;
	if (!error) {
		write->header.purposes |= reader.consents;
		error = track_append(request, customer, origin, write, text_of(question_scales[question->scale].event), question->where);
	}
	customer_unlock(engine, customer);
	return error;
}

int question_answer_append(struct request *request, uint32_t origin, const struct event *decision, const struct question *question,
                           struct json value)
{
	struct buffer given = BUFFER_INIT(4096), payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_TRACK, (enum channel)decision->header.channel)};
	int error = json_type_of(value) == JSON_ABSENT || value_put_json(&given, value, 4) != 0 ? ERROR_INVALID : 0;
	if (!error)
		error = question_answer_encode(&payload, question, (struct value){(const uint8_t *)given.p, given.n}, decision->position);
	write.payload = buffer_view(&payload);
	if (!error)
		error = answer_write(request, origin, &write, question);
	buffer_free(&given);
	buffer_free(&payload);
	return error;
}
