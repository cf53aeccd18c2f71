/* consequence.c: consequences of a configuration, and what they come to. */
#include "customize/consequence.h"

#include "base/clock.h"
#include "base/code.h"
#include "base/unit.h"

#include <math.h>
#include <string.h>

enum { CONSEQUENCES_MAX = 200 };

struct consequences {
	struct consequence *items;
	size_t n;
};

static const struct config_key consequence_keys[] = {
	{.name = "title", .type = CONFIG_TEXT}, {.name = "inputs", .type = CONFIG_MAP, .required = true}, {.name = "tables", .type = CONFIG_MAP},
	{.name = "outputs", .type = CONFIG_MAP, .required = true}, {.name = NULL}};

static struct text member(struct value map, const char *key)
{
	return value_text(value_get(map, text_of(key)));
}

/* ---- inputs and tables ---- */

static int choice_values_read(struct config_build *build, const struct config_document *document, struct value map, struct consequence_input *input)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text key;
	while (value_next_member(&cursor, value_get(map, TEXT("of")), &key, &item)) {
		if (input->values_n == CONSEQUENCE_VALUES_MAX)
			return config_problem(build, document, "inputs", "A choice has at most %d values.", CONSEQUENCE_VALUES_MAX);
		input->values[input->values_n] = key;
		input->titles[input->values_n++] = value_text(item).n ? value_text(item) : key;
	}
	return input->values_n ? 0 : config_problem(build, document, "inputs", "\"%.*s\" is a choice and says of what: of: {value: title}.", TEXT_ARGS(text_cut(input->name, 60)));
}

static int input_read(struct config_build *build, const struct config *config, const struct config_document *document, struct value map,
                      struct consequence_input *input)
{
	struct text is = member(map, "is");
	struct consequence_choice standard;
	int error = 0;
	input->title = member(map, "title").n ? member(map, "title") : input->name;
	input->step = 1;
	input->standard = value_get(map, TEXT("standard"));
	input->has_standard = input->standard.n > 0;
	if (text_equal(is, TEXT("product"))) {
		input->type = CONSEQUENCE_PRODUCT;
	} else if (text_equal(is, TEXT("choice"))) {
		input->type = CONSEQUENCE_CHOICE;
		error = choice_values_read(build, document, map, input);
	} else if (text_equal(is, TEXT("number"))) {
		input->type = CONSEQUENCE_NUMBER;
		value_double(value_get(map, TEXT("step")), &input->step);
		if (!value_double(value_get(map, TEXT("from")), &input->from) || !value_double(value_get(map, TEXT("to")), &input->to) ||
		    input->to < input->from || !(input->step > 0))
			error = config_problem(build, document, "inputs", "\"%.*s\" needs numbers: from, to, and a step above zero where it has one.", TEXT_ARGS(text_cut(input->name, 60)));
	} else {
		error = config_problem(build, document, "inputs", "\"%.*s\" is a product, a choice or a number: is: product.", TEXT_ARGS(text_cut(input->name, 60)));
	}
	if (!error && input->has_standard && consequence_choose(&standard, input, products_of(config), (struct value){0}) != 0)
		error = config_problem(build, document, "inputs", "The standard of \"%.*s\" cannot be chosen.", TEXT_ARGS(text_cut(input->name, 60)));
	return error;
}

static int inputs_read(struct config_build *build, const struct config *config, const struct config_document *document, struct consequence *consequence)
{
	struct value_cursor cursor = {0};
	struct value map;
	struct text name;
	int error = 0;
	while (!error && value_next_member(&cursor, value_get(document->body, TEXT("inputs")), &name, &map)) {
		if (consequence->inputs_n == CONSEQUENCE_INPUTS_MAX)
			return config_problem(build, document, "inputs", "There are at most %d inputs.", CONSEQUENCE_INPUTS_MAX);
		struct consequence_input *input = &consequence->inputs[consequence->inputs_n++];
		input->name = name;
		error = input_read(build, config, document, map, input);
	}
	cursor = (struct value_cursor){0};
	while (!error && value_next_member(&cursor, value_get(document->body, TEXT("tables")), &name, &map)) {
		if (consequence->tables_n == CONSEQUENCE_TABLES_MAX || value_type_of(map) != VALUE_OBJECT)
			return config_problem(build, document, "tables", "There are at most %d tables, and each is a map of numbers.", CONSEQUENCE_TABLES_MAX);
		consequence->tables[consequence->tables_n] = name;
		consequence->table_values[consequence->tables_n++] = map;
	}
	return error;
}

/* ---- names in formulas ---- */

struct naming {
	struct consequence *consequence;
	const struct products *products;
};

/* The type of a member of products: of an attribute, that of the first product that has it. */
static bool member_type(const struct products *products, struct text name, enum expression_type *type)
{
	*type = EXPRESSION_NUMBER;
	if (text_equal(name, TEXT("lead")) || text_equal(name, TEXT("price")))
		return true;
	for (size_t i = 0; i < products->n; i++) {
		struct value attribute = value_get(products->items[i].attributes, name);
		double number;
		if (!attribute.n)
			continue;
		*type = value_double(attribute, &number) ? EXPRESSION_NUMBER : EXPRESSION_TEXT;
		return true;
	}
	*type = EXPRESSION_TEXT;
	return text_equal(name, TEXT("title")) || text_equal(name, TEXT("category")) || text_equal(name, TEXT("name"));
}

static bool today_knows(struct text name)
{
	return text_equal(name, TEXT("day")) || text_equal(name, TEXT("weekday")) || text_equal(name, TEXT("days"));
}

static int slot_of(void *arg, struct text name, enum expression_type *type)
{
	struct naming *naming = arg;
	struct consequence *consequence = naming->consequence;
	struct text rest = name, first;
	struct consequence_slot slot = {.input = -2};
	text_next(&rest, '.', &first);
	slot.member = rest.p ? rest : (struct text){"", 0};
	*type = EXPRESSION_NUMBER;
	for (size_t i = 0; i < consequence->inputs_n; i++)
		if (text_equal(consequence->inputs[i].name, first))
			slot.input = (int)i;
	if (slot.input == -2 && text_equal(first, TEXT("today")) && today_knows(slot.member)) {
		slot.input = -1;
	} else if (slot.input == -2) {
		return -1;
	} else if (consequence->inputs[slot.input].type == CONSEQUENCE_PRODUCT) {
		if (!slot.member.n || !member_type(naming->products, slot.member, type))
			return -1;
	} else if (slot.member.n) {
		return -1;
	} else if (consequence->inputs[slot.input].type == CONSEQUENCE_CHOICE) {
		*type = EXPRESSION_TEXT;
	}
	for (size_t i = 0; i < consequence->slots_n; i++)
		if (consequence->slots[i].input == slot.input && text_equal(consequence->slots[i].member, slot.member))
			return (int)i;
	if (consequence->slots_n == CONSEQUENCE_SLOTS_MAX)
		return -1;
	consequence->slots[consequence->slots_n] = slot;
	return (int)consequence->slots_n++;
}

static int table_of(void *arg, struct text name)
{
	struct naming *naming = arg;
	for (size_t i = 0; i < naming->consequence->tables_n; i++)
		if (text_equal(naming->consequence->tables[i], name))
			return (int)i;
	return -1;
}

static int output_read(struct config_build *build, struct config *config, const struct config_document *document, struct value map,
                       struct consequence *consequence)
{
	struct consequence_output *output = &consequence->outputs[consequence->outputs_n - 1];
	struct naming naming = {consequence, products_of(config)};
	struct expression_names names = {&naming, slot_of, table_of};
	struct expression_problem problem;
	struct expression *expression;
	struct text better = member(map, "better");
	output->unit = member(map, "unit");
	output->title = member(map, "title").n ? member(map, "title") : output->name;
	output->says = member(map, "says").n ? member(map, "says") : output->title;
	output->source = member(map, "value");
	output->better = text_equal(better, TEXT("less")) ? -1 : text_equal(better, TEXT("more")) ? 1 : 0;
	if (better.n && !output->better)
		return config_problem(build, document, "outputs", "Of \"%.*s\" less is better, or more: better: less.", TEXT_ARGS(text_cut(output->name, 60)));
	int error = expression_compile(&expression, config->arena, output->source, &names, &problem);
	if (error == ERROR_INVALID)
		return config_problem(build, document, "outputs", "%.*s, column %zu: %s", TEXT_ARGS(text_cut(output->name, 40)), problem.column, problem.message);
	if (!error && expression_type_of(expression) != EXPRESSION_NUMBER)
		return config_problem(build, document, "outputs", "%.*s: an output is a number.", TEXT_ARGS(text_cut(output->name, 40)));
	output->value = expression;
	return error;
}

static int consequence_read(struct config_build *build, struct config *config, const struct config_document *document, struct consequence *consequence)
{
	struct value_cursor cursor = {0};
	struct value map;
	struct text name;
	consequence->name = document->name;
	consequence->title = member(document->body, "title").n ? member(document->body, "title") : document->name;
	int error = inputs_read(build, config, document, consequence);
	while (!error && value_next_member(&cursor, value_get(document->body, TEXT("outputs")), &name, &map)) {
		if (consequence->outputs_n == CONSEQUENCE_OUTPUTS_MAX)
			return config_problem(build, document, "outputs", "There are at most %d outputs.", CONSEQUENCE_OUTPUTS_MAX);
		consequence->outputs[consequence->outputs_n++].name = name;
		error = output_read(build, config, document, map, consequence);
	}
	return error;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	const struct config_document *document;
	size_t at = 0, n = 0;
	int error = 0;
	while (config_next(config, TEXT("consequence"), &at))
		n++;
	struct consequences *consequences = arena_zero_alloc(config->arena, 1, sizeof *consequences);
	struct consequence *items = arena_zero_alloc(config->arena, n + 1, sizeof *items);
	if (!consequences || !items)
		return ERROR_MEMORY;
	at = 0;
	while (!error && (document = config_next(config, TEXT("consequence"), &at))) {
		if (consequences->n == CONSEQUENCES_MAX)
			return config_problem(build, document, NULL, "There are more than %d consequences.", CONSEQUENCES_MAX);
		error = consequence_read(build, config, document, &items[consequences->n++]);
	}
	consequences->items = items;
	*section = consequences;
	return error;
}

const struct config_kind consequence_kind = {.name = "consequence", .keys = consequence_keys, .section = CONFIG_CONSEQUENCES, .compile = compile};

const struct consequence *consequence_find(const struct config *config, struct text name)
{
	const struct consequences *consequences = config ? config->sections[CONFIG_CONSEQUENCES] : NULL;
	for (size_t i = 0; consequences && i < consequences->n; i++)
		if (text_equal(consequences->items[i].name, name))
			return &consequences->items[i];
	return NULL;
}

/* ---- choices ---- */

int consequence_choose(struct consequence_choice *out, const struct consequence_input *input, const struct products *products, struct value given)
{
	struct consequence_choice choice = {0};
	struct value value = given.n ? given : input->standard;
	double steps;
	switch (input->type) {
	case CONSEQUENCE_PRODUCT:
		choice.product = product_find(products, value_text(value));
		if (!choice.product)
			return ERROR_INVALID;
		break;
	case CONSEQUENCE_CHOICE:
		for (size_t i = 0; i < input->values_n; i++)
			if (text_equal(input->values[i], value_text(value)))
				choice.text = input->values[i];
		if (!choice.text.p)
			return ERROR_INVALID;
		break;
	case CONSEQUENCE_NUMBER:
		if (!value_double(value, &choice.number) || choice.number < input->from || choice.number > input->to)
			return ERROR_INVALID;
		steps = (choice.number - input->from) / input->step;
		if (fabs(steps - round(steps)) > 1e-9)
			return ERROR_INVALID;
	}
	*out = choice;
	return 0;
}

bool consequence_choice_equal(const struct consequence_input *input, const struct consequence_choice *a, const struct consequence_choice *b)
{
	return input->type == CONSEQUENCE_PRODUCT ? a->product == b->product : input->type == CONSEQUENCE_CHOICE ? text_equal(a->text, b->text) : a->number == b->number;
}

/* ---- outcomes ---- */

struct evaluating {
	const struct consequence *consequence;
	const struct products *products;
	const struct consequence_state *state;
	const struct consequence_trace *trace;
	struct text output;
	int64_t now_ms;
};

static double days_of_month(struct clock_parts parts)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (parts.year % 4 == 0 && parts.year % 100 != 0) || parts.year % 400 == 0;
	return days[parts.month - 1] + (parts.month == 2 && leap);
}

static bool product_value(const struct products *products, const struct product *product, struct text name, struct expression_value *value)
{
	struct value attribute = value_get(product->attributes, name);
	value->type = EXPRESSION_NUMBER;
	if (text_equal(name, TEXT("lead"))) {
		value->number = ceil((double)product->lead_ms / MS_A_DAY);
	} else if (text_equal(name, TEXT("price"))) {
		value->number = (double)product->price_minor / 100;
		return product->price_minor >= 0;
	} else if (attribute.n && !value_double(attribute, &value->number)) {
		*value = (struct expression_value){.type = EXPRESSION_TEXT, .text = value_text(attribute)};
	} else if (!attribute.n) {
		struct text category = product->category == CATEGORY_NONE ? (struct text){"", 0} : products->categories[product->category].name;
		bool title = text_equal(name, TEXT("title"));
		*value = (struct expression_value){.type = EXPRESSION_TEXT, .text = title ? product->title : text_equal(name, TEXT("name")) ? product->name : category};
		return title || text_equal(name, TEXT("name")) || (text_equal(name, TEXT("category")) && category.n);
	}
	return true;
}

static bool slot_value(void *arg, int number, struct expression_value *value)
{
	struct evaluating *evaluating = arg;
	const struct consequence_slot *slot = &evaluating->consequence->slots[number];
	*value = (struct expression_value){.type = EXPRESSION_NUMBER};
	if (slot->input < 0) {
		struct clock_parts now = clock_parts_of(evaluating->now_ms);
		value->number = text_equal(slot->member, TEXT("day")) ? now.day : text_equal(slot->member, TEXT("weekday")) ? now.weekday + 1 : days_of_month(now);
		return true;
	}
	const struct consequence_choice *choice = &evaluating->state->choices[slot->input];
	enum consequence_input_type type = evaluating->consequence->inputs[slot->input].type;
	if (type == CONSEQUENCE_PRODUCT)
		return product_value(evaluating->products, choice->product, slot->member, value);
	if (type == CONSEQUENCE_CHOICE)
		*value = (struct expression_value){.type = EXPRESSION_TEXT, .text = choice->text};
	else
		value->number = choice->number;
	return true;
}

static bool table_value(void *arg, int number, struct expression_value key, double *value)
{
	struct evaluating *evaluating = arg;
	char bytes[32];
	struct buffer digits = {.p = bytes, .capacity = sizeof bytes, .bytes_max = sizeof bytes};
	if (key.type == EXPRESSION_NUMBER) {
		buffer_format(&digits, "%.15g", key.number);
		key.text = buffer_view(&digits);
	}
	return value_double(value_get(evaluating->consequence->table_values[number], key.text), value);
}

static void trace_note(void *arg, struct text source, struct expression_value value)
{
	struct evaluating *evaluating = arg;
	evaluating->trace->note(evaluating->trace->arg, evaluating->output, source, value);
}

int consequence_outcome(struct consequence_outcome *out, const struct consequence *consequence, const struct products *products,
                        const struct consequence_state *state, int64_t now_ms, const struct consequence_trace *trace,
                        struct expression_problem *problem)
{
	struct evaluating evaluating = {consequence, products, state, trace, {0}, now_ms};
	struct expression_world world = {&evaluating, slot_value, table_value, trace ? trace_note : NULL};
	struct consequence_outcome outcome = {0};
	for (size_t i = 0; i < consequence->outputs_n; i++) {
		struct expression_value value;
		evaluating.output = consequence->outputs[i].name;
		int error = expression_evaluate(&value, consequence->outputs[i].value, &world, problem);
		if (error)
			return error;
		outcome.outputs[i] = value.number;
	}
	*out = outcome;
	return 0;
}

/* ---- words ---- */

static void say_days(struct buffer *out, double value, int64_t now_ms)
{
	static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
	static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
	                                     "October", "November", "December"};
	int64_t days = (int64_t)ceil(value < 0 ? 0 : value > 36500 ? 36500 : value);
	struct clock_parts then = clock_parts_of(now_ms + days * MS_A_DAY);
	if (days < 2)
		buffer_string(out, days == 0 ? "today" : "tomorrow");
	else if (days < 7)
		buffer_string(out, weekdays[then.weekday]);
	else
		buffer_format(out, "%s %d %s", weekdays[then.weekday], then.day, months[then.month - 1]);
}

void consequence_say(struct buffer *out, const struct consequence_output *output, double value, int64_t now_ms)
{
	if (text_equal(output->unit, TEXT("days")))
		say_days(out, value, now_ms);
	else if (code_is_currency(output->unit) && fabs(value) < 1e15)
		money_say(out, llround(value * 100), output->unit);
	else
		buffer_format(out, "%.6g%s%.*s", value, output->unit.n ? " " : "", TEXT_ARGS(output->unit));
}
