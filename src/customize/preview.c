/* preview.c: outcomes compared, and better ones looked for. */
#include "customize/preview.h"

#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = CONSEQUENCE_VALUES_MAX, DISTANCE_A_CHANGE = 3 * CONSEQUENCE_OUTPUTS_MAX + 1 };

/* ---- alternatives ---- */

/* What else could be chosen for an input, the present choice left out. */
static size_t values_of(struct consequence_choice *out, const struct preview *preview, size_t i)
{
	const struct consequence_input *input = &preview->consequence->inputs[i];
	const struct consequence_choice *present = &preview->changed.choices[i];
	size_t n = 0;
	if (input->type == CONSEQUENCE_PRODUCT) {
		for (size_t p = 0; p < preview->products->n && n < VALUES_MAX; p++)
			if (&preview->products->items[p] != present->product && preview->products->items[p].need == present->product->need)
				out[n++] = (struct consequence_choice){.product = &preview->products->items[p]};
	} else if (input->type == CONSEQUENCE_CHOICE) {
		for (size_t v = 0; v < input->values_n && n < VALUES_MAX; v++)
			if (!text_equal(input->values[v], present->text))
				out[n++] = (struct consequence_choice){.text = input->values[v]};
	} else {
		/* The nearest first, below and above in turn. */
		for (size_t step = 1; step <= VALUES_MAX / 2; step++)
			for (int sign = -1; sign <= 1; sign += 2) {
				double number = present->number + sign * (double)step * input->step;
				if (number >= input->from && number <= input->to)
					out[n++] = (struct consequence_choice){.number = number};
			}
	}
	return n;
}

/* By how much @a is better than @b in output @i: above 0 better, below worse. */
static double better(const struct preview *preview, size_t i, const struct consequence_outcome *a, const struct consequence_outcome *b)
{
	return preview->consequence->outputs[i].better * (a->outputs[i] - b->outputs[i]);
}

/* Is @a nowhere worse than @b and somewhere better? */
static bool beats(const struct preview *preview, const struct consequence_outcome *a, const struct consequence_outcome *b)
{
	bool somewhere = false;
	for (size_t i = 0; i < preview->consequence->outputs_n; i++) {
		double by = better(preview, i, a, b);
		if (by < 0)
			return false;
		somewhere |= by > 0;
	}
	return somewhere;
}

static bool is_better_somewhere(const struct preview *preview, const struct consequence_outcome *outcome)
{
	for (size_t i = 0; i < preview->consequence->outputs_n; i++)
		if (better(preview, i, outcome, &preview->then) > 0)
			return true;
	return false;
}

static bool is_present(const struct preview *preview, const struct consequence_state *state)
{
	for (size_t i = 0; i < preview->consequence->inputs_n; i++)
		if (!consequence_choice_equal(&preview->consequence->inputs[i], &state->choices[i], &preview->present.choices[i]))
			return false;
	return true;
}

struct search {
	struct preview *preview;
	struct preview_alternative *found; /* PREVIEW_TRIED_MAX. */
	size_t n;
};

static void try(struct search *search, const struct consequence_state *state, unsigned changed)
{
	struct preview *preview = search->preview;
	struct preview_alternative *found = &search->found[search->n];
	struct expression_problem problem;
	if (preview->tried == PREVIEW_TRIED_MAX)
		return;
	preview->tried++;
	*found = (struct preview_alternative){.state = *state, .changed = changed};
	/* What has no outcome cannot be offered. */
	if (!is_present(preview, state) &&
	    consequence_outcome(&found->outcome, preview->consequence, preview->products, state, preview->now_ms, NULL, &problem) == 0 &&
	    is_better_somewhere(preview, &found->outcome))
		search->n++;
}

/* Every change of one input, then of two. */
static void try_all(struct search *search)
{
	struct preview *preview = search->preview;
	size_t n = preview->consequence->inputs_n, values_n[CONSEQUENCE_INPUTS_MAX];
	struct consequence_choice values[CONSEQUENCE_INPUTS_MAX][VALUES_MAX];
	for (size_t i = 0; i < n; i++) {
		values_n[i] = values_of(values[i], preview, i);
		for (size_t v = 0; v < values_n[i]; v++) {
			struct consequence_state state = preview->changed;
			state.choices[i] = values[i][v];
			try(search, &state, 1u << i);
		}
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			for (size_t v = 0; v < values_n[i]; v++)
				for (size_t w = 0; w < values_n[j] && preview->tried < PREVIEW_TRIED_MAX; w++) {
					struct consequence_state state = preview->changed;
					state.choices[i] = values[i][v];
					state.choices[j] = values[j][w];
					try(search, &state, 1u << i | 1u << j);
				}
}

/* Fewest changes first; then what goes back to what the customer is leaving least, then what gets worse in fewest outputs. */
static size_t distance(const struct preview *preview, const struct preview_alternative *alternative)
{
	size_t worse = 0;
	for (size_t i = 0; i < preview->consequence->inputs_n; i++)
		worse += CONSEQUENCE_OUTPUTS_MAX * (alternative->changed >> i & 1 && consequence_choice_equal(&preview->consequence->inputs[i], &alternative->state.choices[i], &preview->present.choices[i]));
	for (size_t i = 0; i < preview->consequence->outputs_n; i++)
		worse += better(preview, i, &alternative->outcome, &preview->then) < 0;
	return (size_t)__builtin_popcount(alternative->changed) * DISTANCE_A_CHANGE + worse;
}

static void pick(struct preview *preview, const struct search *search)
{
	for (size_t wanted = 0; wanted < 3 * DISTANCE_A_CHANGE; wanted++)
		for (size_t i = 0; i < search->n && preview->alternatives_n < PREVIEW_ALTERNATIVES; i++) {
			const struct preview_alternative *candidate = &search->found[i];
			bool beaten = distance(preview, candidate) != wanted;
			for (size_t other = 0; other < search->n && !beaten; other++)
				beaten = beats(preview, &search->found[other].outcome, &candidate->outcome);
			/* Of several that come to the same, the nearest alone. */
			for (size_t a = 0; a < preview->alternatives_n && !beaten; a++)
				beaten = memcmp(&preview->alternatives[a].outcome, &candidate->outcome, sizeof candidate->outcome) == 0;
			if (!beaten)
				preview->alternatives[preview->alternatives_n++] = *candidate;
		}
}

int preview_make(struct preview *preview, struct arena *arena, struct expression_problem *problem)
{
	struct search search = {.preview = preview, .found = arena_alloc(arena, (PREVIEW_TRIED_MAX + 1) * sizeof *search.found)};
	if (!search.found)
		return ERROR_MEMORY;
	preview->alternatives_n = preview->tried = 0;
	int error = consequence_outcome(&preview->now, preview->consequence, preview->products, &preview->present, preview->now_ms, NULL, problem);
	if (!error)
		error = consequence_outcome(&preview->then, preview->consequence, preview->products, &preview->changed, preview->now_ms, NULL, problem);
	if (error)
		return error;
	try_all(&search);
	pick(preview, &search);
	return 0;
}

/* ---- words ---- */

void preview_sentence(struct buffer *out, const struct preview *preview)
{
	size_t said = 0;
	for (size_t i = 0; i < preview->consequence->outputs_n; i++) {
		const struct consequence_output *output = &preview->consequence->outputs[i];
		if (preview->now.outputs[i] == preview->then.outputs[i])
			continue;
		size_t from = out->n + (said ? 2 : 0);
		buffer_string(out, said++ ? "; " : "");
		buffer_text(out, output->says);
		if (said > 1 && !out->failed && out->p[from] >= 'A' && out->p[from] <= 'Z')
			out->p[from] = (char)(out->p[from] | 32);
		buffer_char(out, ' ');
		consequence_say(out, output, preview->then.outputs[i], preview->now_ms);
		buffer_string(out, " instead of ");
		consequence_say(out, output, preview->now.outputs[i], preview->now_ms);
	}
	buffer_string(out, said ? "." : "Nothing else changes.");
}

/* The first text in which two products differ: "blue" of a blue lamp beside a red one; empty without. */
static struct text difference(const struct product *product, const struct product *from)
{
	struct value_cursor cursor = {0};
	struct value value;
	struct text name;
	while (value_next_member(&cursor, product->attributes, &name, &value))
		if (value_text(value).n && !text_equal(value_text(value), value_text(value_get(from->attributes, name))))
			return value_text(value);
	return (struct text){0};
}

static void change_say(struct buffer *out, const struct preview *preview, const struct preview_alternative *alternative, size_t i, bool is_first)
{
	const struct consequence_input *input = &preview->consequence->inputs[i];
	const struct consequence_choice *choice = &alternative->state.choices[i];
	if (input->type == CONSEQUENCE_PRODUCT) {
		struct text differs = difference(choice->product, preview->changed.choices[i].product);
		if (differs.n)
			buffer_format(out, "the %.*s one", TEXT_ARGS(differs));
		else
			buffer_text(out, choice->product->title);
	} else if (input->type == CONSEQUENCE_CHOICE) {
		for (size_t v = 0; v < input->values_n; v++)
			if (text_equal(input->values[v], choice->text))
				buffer_format(out, "%s%.*s", is_first ? "with " : "", TEXT_ARGS(input->titles[v]));
	} else {
		buffer_format(out, "%.*s %.6g", TEXT_ARGS(input->title), choice->number);
	}
}

void preview_alternative_say(struct buffer *out, const struct preview *preview, const struct preview_alternative *alternative)
{
	bool any = false;
	for (size_t i = 0; i < preview->consequence->inputs_n; i++)
		if (alternative->changed >> i & 1) {
			buffer_string(out, any ? " with " : "");
			change_say(out, preview, alternative, i, !any);
			any = true;
		}
	any = false;
	for (size_t i = 0; i < preview->consequence->outputs_n; i++)
		if (alternative->outcome.outputs[i] != preview->then.outputs[i]) {
			buffer_string(out, any ? ", " : ": ");
			consequence_say(out, &preview->consequence->outputs[i], alternative->outcome.outputs[i], preview->now_ms);
			any = true;
		}
}

/* ---- the answer ---- */

static void choice_write(struct json_writer *writer, const struct consequence_input *input, const struct consequence_choice *choice)
{
	json_key(writer, input->name);
	if (input->type == CONSEQUENCE_NUMBER)
		json_write_double(writer, choice->number);
	else
		json_write_text(writer, input->type == CONSEQUENCE_PRODUCT ? choice->product->name : choice->text);
}

static void said_write(struct json_writer *writer, const struct consequence_output *output, double value, int64_t now_ms)
{
	struct buffer words = BUFFER_INIT(256);
	consequence_say(&words, output, value, now_ms);
	json_put_text(writer, "says", buffer_view(&words));
	buffer_free(&words);
}

static void outcome_write(struct json_writer *writer, const struct preview *preview, const char *key, const struct consequence_state *state,
                          const struct consequence_outcome *outcome)
{
	const struct consequence *consequence = preview->consequence;
	json_key(writer, text_of(key));
	json_object_begin(writer);
	json_key(writer, TEXT("state"));
	json_object_begin(writer);
	for (size_t i = 0; i < consequence->inputs_n; i++)
		choice_write(writer, &consequence->inputs[i], &state->choices[i]);
	json_object_end(writer);
	json_key(writer, TEXT("outcome"));
	json_object_begin(writer);
	for (size_t i = 0; i < consequence->outputs_n; i++) {
		const struct consequence_output *output = &consequence->outputs[i];
		json_key(writer, output->name);
		json_object_begin(writer);
		json_put_text(writer, "title", output->title);
		json_put_double(writer, "value", outcome->outputs[i]);
		json_put_text(writer, "unit", output->unit);
		said_write(writer, output, outcome->outputs[i], preview->now_ms);
		json_object_end(writer);
	}
	json_object_end(writer);
	json_object_end(writer);
}

static void alternatives_write(struct json_writer *writer, const struct preview *preview)
{
	const struct consequence *consequence = preview->consequence;
	json_key(writer, TEXT("alternatives"));
	json_array_begin(writer);
	for (size_t a = 0; a < preview->alternatives_n; a++) {
		const struct preview_alternative *alternative = &preview->alternatives[a];
		struct buffer words = BUFFER_INIT(1024);
		preview_alternative_say(&words, preview, alternative);
		json_object_begin(writer);
		json_put_text(writer, "says", buffer_view(&words));
		json_key(writer, TEXT("change"));
		json_object_begin(writer);
		for (size_t i = 0; i < consequence->inputs_n; i++)
			if (alternative->changed >> i & 1)
				choice_write(writer, &consequence->inputs[i], &alternative->state.choices[i]);
		json_object_end(writer);
		outcome_write(writer, preview, "leads_to", &alternative->state, &alternative->outcome);
		json_object_end(writer);
		buffer_free(&words);
	}
	json_array_end(writer);
}

static void note_write(void *arg, struct text output, struct text source, struct expression_value value)
{
	struct json_writer *writer = arg;
	json_object_begin(writer);
	json_put_text(writer, "output", output);
	json_put_text(writer, "rule", source);
	json_key(writer, TEXT("value"));
	if (value.type == EXPRESSION_TEXT)
		json_write_text(writer, value.text);
	else
		json_write_double(writer, value.number);
	json_object_end(writer);
}

/* What was read and looked up for the changed choice, and the formulas themselves. */
static void trace_write(struct json_writer *writer, const struct preview *preview)
{
	struct consequence_trace trace = {writer, note_write};
	struct consequence_outcome again;
	struct expression_problem problem;
	json_key(writer, TEXT("trace"));
	json_array_begin(writer);
	int error = consequence_outcome(&again, preview->consequence, preview->products, &preview->changed, preview->now_ms, &trace, &problem);
	for (size_t i = 0; i < preview->consequence->outputs_n && !error; i++)
		note_write(writer, preview->consequence->outputs[i].name, preview->consequence->outputs[i].source,
		           (struct expression_value){.type = EXPRESSION_NUMBER, .number = again.outputs[i]});
	json_array_end(writer);
}

void preview_write(struct json_writer *writer, const struct preview *preview)
{
	struct buffer sentence = BUFFER_INIT(2048);
	preview_sentence(&sentence, preview);
	json_object_begin(writer);
	json_put_text(writer, "consequence", preview->consequence->name);
	json_put_text(writer, "title", preview->consequence->title);
	json_put_text(writer, "sentence", buffer_view(&sentence));
	outcome_write(writer, preview, "now", &preview->present, &preview->now);
	outcome_write(writer, preview, "changed", &preview->changed, &preview->then);
	alternatives_write(writer, preview);
	json_put_int(writer, "tried", (int64_t)preview->tried);
	trace_write(writer, preview);
	json_object_end(writer);
	buffer_free(&sentence);
}
