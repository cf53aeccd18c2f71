/* ranking.c: the newest ranking of a customer. */
#include "interact/voice/ranking.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

struct packed {
	uint32_t time_s, question, motive;
	uint8_t open_n, ranked_n, freedom, reserved; /* Freedom in hundredths. */
};

static uint32_t mark_of(struct text name)
{
	return name.n ? (uint32_t)XXH3_64bits(name.p, name.n) : 0;
}

/* Add the names of @list that are not there yet. */
static void names_add(struct value list, uint32_t *marks, uint8_t *n)
{
	struct value_cursor cursor = {0};
	struct value item;
	while (*n < QUESTION_OPTIONS_MAX && value_next_item(&cursor, list, &item)) {
		uint32_t mark = mark_of(value_text(item));
		bool there = mark == 0;
		for (uint8_t i = 0; i < *n; i++)
			there |= marks[i] == mark;
		if (!there)
			marks[(*n)++] = mark;
	}
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct packed packed, before = {0};
	uint32_t marks[QUESTION_OPTIONS_MAX];
	double freedom = 1;
	(void)context;
	if (!text_equal(event->name, text_of(question_scales[QUESTION_RANK].event)) || (event->header.flags & EVENT_UNVERIFIED))
		return;
	struct value properties = value_get(event->payload, TEXT("properties"));
	packed = (struct packed){
		.time_s = (uint32_t)(event->header.time_ms / MS_A_SECOND), .question = mark_of(value_text(value_get(properties, TEXT("question")))),
		.motive = mark_of(value_text(value_get(properties, TEXT("motive"))))};
	if (state->n)
		memcpy(&before, state->p, sizeof before);
	names_add(value_get(properties, TEXT("order")), marks, &packed.ranked_n);
	packed.open_n = packed.ranked_n;
	names_add(value_get(properties, TEXT("open")), marks, &packed.open_n);
	if (packed.ranked_n == 0 || packed.open_n < 2 || packed.time_s < before.time_s)
		return; /* Nothing to choose from, or older than what is known. The fold is ordered, so equal times are settled. */
	if (value_double(value_get(properties, TEXT("freedom")), &freedom))
		freedom = fmax(0, fmin(1, freedom));
	packed.freedom = (uint8_t)lround(freedom * 100);
	memcpy(state->p, &packed, sizeof packed);
	memcpy(state->p + sizeof packed, marks, packed.open_n * sizeof *marks);
	state->n = (uint32_t)(sizeof packed + packed.open_n * sizeof *marks);
}

static uint64_t purposes(const struct config *config)
{
	return questions_of(config)->purposes;
}

const struct fold ranking_fold = {
	.name = "rankings", .version = 1, .bytes_max = sizeof(struct packed) + QUESTION_OPTIONS_MAX * sizeof(uint32_t), .purposes = purposes,
	.ordered = true, .kinds = EVENT_KIND_BIT(EVENT_TRACK), .apply = apply};

bool ranking_of(struct text state, struct ranking *ranking)
{
	struct packed packed;
	if (state.n < sizeof packed)
		return false;
	memcpy(&packed, state.p, sizeof packed);
	*ranking = (struct ranking){.time_ms = (int64_t)packed.time_s * MS_A_SECOND, .question = packed.question, .motive = packed.motive,
	                            .freedom = packed.freedom / 100.0, .open_n = packed.open_n, .ranked_n = packed.ranked_n};
	memcpy(ranking->open, state.p + sizeof packed, packed.open_n * sizeof *ranking->open);
	return true;
}

double ranking_rank(const struct ranking *ranking, uint32_t mark)
{
	for (size_t i = 0; i < ranking->open_n; i++) {
		if (ranking->open[i] != mark)
			continue;
		/* Those that were not put in order share the places behind: their mean. */
		return i < ranking->ranked_n ? (double)(i + 1) : ((double)ranking->ranked_n + 1 + (double)ranking->open_n) / 2;
	}
	return 0;
}

/* The names of @list, when all of them are options of @question, each once. */
static int names_put(struct buffer *out, const char *key, const struct question *question, struct value list, size_t *n)
{
	struct value_cursor cursor = {0};
	struct value item;
	uint32_t seen = 0;
	value_put_key(out, text_of(key));
	size_t opened = value_open(out, VALUE_ARRAY);
	for (*n = 0; value_next_item(&cursor, list, &item); (*n)++) {
		size_t i = 0;
		while (i < question->options_n && !text_equal(question->options[i].name, value_text(item)))
			i++;
		if (i == question->options_n || seen >> i & 1)
			return ERROR_INVALID;
		seen |= (uint32_t)1 << i;
		value_put_text(out, question->options[i].name);
	}
	value_close(out, opened);
	return 0;
}

int ranking_encode(struct buffer *out, const struct question *question, struct value answer)
{
	struct value open = value_get(answer, TEXT("open"));
	struct text motive = value_text(value_get(answer, TEXT("motive")));
	size_t ranked_n, open_n = question->options_n, i = 0;
	double freedom;
	int error = names_put(out, "order", question, value_get(answer, TEXT("order")), &ranked_n);
	if (!error && value_type_of(open) == VALUE_ARRAY)
		error = names_put(out, "open", question, open, &open_n);
	if (error || ranked_n == 0 || open_n < 2)
		return ERROR_INVALID;
	if (value_type_of(open) != VALUE_ARRAY) {
		value_put_key(out, TEXT("open"));
		size_t all = value_open(out, VALUE_ARRAY);
		for (size_t k = 0; k < question->options_n; k++)
			value_put_text(out, question->options[k].name);
		value_close(out, all);
	}
	while (i < question->motives_n && !text_equal(question->motives[i].name, motive))
		i++;
	if (motive.n && i == question->motives_n)
		return ERROR_INVALID;
	if (motive.n) {
		value_put_key(out, TEXT("motive"));
		value_put_text(out, motive);
	}
	if (value_double(value_get(answer, TEXT("freedom")), &freedom) && freedom >= 0 && freedom <= 1) {
		value_put_key(out, TEXT("freedom"));
		value_put_double(out, freedom);
	}
	return 0;
}
