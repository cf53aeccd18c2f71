/* choices.c: logs of choices, read from lines or CSV. */
#include "customize/choices.h"

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES_MAX = 1 << 30, NAMES_FIRST = 1024, COLUMNS_MAX = 32, FIELD_BYTES_MAX = 4096 };

/* Names to indices: open addressing, at most half full. */
struct choice_names {
	struct text *names;
	size_t n, capacity;
	uint32_t *slots; /* Index + 1. */
	size_t slots_n;
};

void choices_init(struct choices *choices)
{
	memset(choices, 0, sizeof *choices);
	arena_init(&choices->arena, ARENA_BYTES_MAX);
}

static void names_free(struct choice_names *names)
{
	if (names) {
		memory_free(names->names);
		memory_free(names->slots);
		memory_free(names);
	}
}

void choices_free(struct choices *choices)
{
	names_free(choices->customers);
	names_free(choices->options);
	memory_free(choices->items);
	arena_free(&choices->arena);
	choices_init(choices);
}

static uint32_t hash_of(struct text text)
{
	uint32_t hash = 2166136261u; /* FNV-1a. */
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (uint8_t)text.p[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static size_t slot_of(const struct choice_names *names, struct text text)
{
	size_t slot = hash_of(text) & (names->slots_n - 1);
	while (names->slots[slot] && !text_equal(names->names[names->slots[slot] - 1], text))
		slot = (slot + 1) & (names->slots_n - 1);
	return slot;
}

static int names_widen(struct choice_names *names)
{
	size_t slots_n = names->slots_n ? names->slots_n * 2 : NAMES_FIRST;
	uint32_t *slots = memory_zero_alloc(slots_n, sizeof *slots);
	if (!slots)
		return ERROR_MEMORY;
	memory_free(names->slots);
	names->slots = slots;
	names->slots_n = slots_n;
	for (size_t i = 0; i < names->n; i++)
		names->slots[slot_of(names, names->names[i])] = (uint32_t)i + 1;
	return 0;
}

/* The index of @text, new or old. Errors: ERROR_MEMORY, ERROR_LIMIT. */
static int name_index(struct choices *choices, struct choice_names **table, struct text text, size_t max, uint32_t *index)
{
	if (!*table && !(*table = memory_zero_alloc(1, sizeof **table)))
		return ERROR_MEMORY;
	struct choice_names *names = *table;
	if (names->n * 2 >= names->slots_n && names_widen(names) != 0)
		return ERROR_MEMORY;
	size_t slot = slot_of(names, text);
	if (names->slots[slot] == 0) {
		struct text copy = text_copy(&choices->arena, text);
		if (names->n >= max)
			return ERROR_LIMIT;
		if (!copy.p || memory_grow(&names->names, &names->capacity, names->n + 1, sizeof *names->names) != 0)
			return ERROR_MEMORY;
		names->names[names->n] = copy;
		names->slots[slot] = (uint32_t)++names->n;
	}
	*index = names->slots[slot] - 1;
	return 0;
}

size_t choices_customers(const struct choices *choices)
{
	return choices->customers ? choices->customers->n : 0;
}

size_t choices_options(const struct choices *choices)
{
	return choices->options ? choices->options->n : 0;
}

static int add(struct choices *choices, const struct choice *choice)
{
	if (choices->n >= CHOICES_MAX)
		return ERROR_LIMIT;
	if (memory_grow(&choices->items, &choices->capacity, choices->n + 1, sizeof *choices->items) != 0)
		return ERROR_MEMORY;
	choices->items[choices->n++] = *choice;
	choices->sorted = false;
	return 0;
}

__attribute__((format(printf, 4, 5)))
static int refuse(struct choices *choices, int error, size_t line, const char *format, ...)
{
	va_list args;
	int n = snprintf(choices->message, sizeof choices->message, "line %zu: ", line);
	va_start(args, format);
	vsnprintf(choices->message + n, sizeof choices->message - (size_t)n, format, args);
	va_end(args);
	return error;
}

static int refuse_code(struct choices *choices, int error, size_t line)
{
	return error == ERROR_LIMIT ? refuse(choices, error, line, "there are too many different names or choices")
	                            : refuse(choices, error, line, "%s", error_sentence(error));
}

int choices_add_lines(struct choices *choices, struct text customer, struct text lines)
{
	struct choice choice = {.context = {.weekday = 7, .hour_slot = 8}};
	struct text line;
	int error = name_index(choices, &choices->customers, customer, UINT32_MAX, &choice.customer);
	for (size_t number = 1; error == 0 && text_next(&lines, '\n', &line); number++) {
		line = text_trim(line);
		if (line.n == 0)
			continue;
		if (line.n > FIELD_BYTES_MAX || !text_is_utf8(line))
			return refuse(choices, ERROR_INVALID, number, "an option is a line of UTF-8 text of at most %d bytes", FIELD_BYTES_MAX);
		uint32_t option = 0;
		error = name_index(choices, &choices->options, line, CHOICES_OPTIONS_MAX, &option);
		choice.option = (uint16_t)option;
		if (error == 0)
			error = add(choices, &choice);
		if (error)
			return refuse_code(choices, error, number);
	}
	choices->has_options = true;
	return error;
}

/* A walk over the records of a CSV. */
struct csv {
	struct text rest;
	size_t line, next_line; /* Of the record just read, and of the one after it. */
	struct text fields[COLUMNS_MAX];
	size_t n;
	char *scratch;          /* Room for the unquoted fields of one record: as many bytes as the whole text. */
};

/* The field in quotes at the front of csv->rest. Errors: a sentence, or NULL. */
static const char *csv_quoted(struct csv *csv, char **at, struct text *field)
{
	const char *p = csv->rest.p + 1, *end = csv->rest.p + csv->rest.n;
	char *start = *at;
	for (;; p++) {
		if (p == end)
			return "a quoted field is not closed";
		if (*p == '"') {
			if (p + 1 == end || p[1] != '"')
				break;
			p++;
		}
		csv->next_line += *p == '\n';
		*(*at)++ = *p;
	}
	*field = (struct text){start, (size_t)(*at - start)};
	csv->rest = (struct text){p + 1, (size_t)(end - p - 1)};
	if (csv->rest.n && csv->rest.p[0] != ',' && csv->rest.p[0] != '\n' && csv->rest.p[0] != '\r')
		return "there is text behind the closing quote of a field";
	return NULL;
}

static const char *csv_plain(struct csv *csv, struct text *field)
{
	size_t n = 0;
	while (n < csv->rest.n && csv->rest.p[n] != ',' && csv->rest.p[n] != '\n' && csv->rest.p[n] != '\r')
		if (csv->rest.p[n++] == '"')
			return "there is a quote inside a field that does not start with one";
	*field = text_first(csv->rest, n);
	csv->rest = text_from(csv->rest, n);
	return NULL;
}

/* The next record; false at the end. *@wrong is a sentence when the record is broken, else NULL. */
static bool csv_next(struct csv *csv, const char **wrong)
{
	char *at = csv->scratch;
	*wrong = NULL;
	csv->n = 0;
	csv->line = csv->next_line;
	if (csv->rest.n == 0)
		return false;
	for (;;) {
		struct text field;
		*wrong = csv->rest.n && csv->rest.p[0] == '"' ? csv_quoted(csv, &at, &field) : csv_plain(csv, &field);
		if (!*wrong && csv->n == COLUMNS_MAX)
			*wrong = "there are more than 32 columns";
		if (!*wrong && !text_is_utf8(field))
			*wrong = "a field is not UTF-8";
		if (*wrong)
			return true;
		csv->fields[csv->n++] = field;
		if (csv->rest.n == 0 || csv->rest.p[0] != ',')
			break;
		csv->rest = text_from(csv->rest, 1);
	}
	if (csv->rest.n > 1 && csv->rest.p[0] == '\r' && csv->rest.p[1] == '\n')
		csv->rest = text_from(csv->rest, 1);
	csv->rest = text_from(csv->rest, 1);
	csv->next_line++;
	return true;
}

enum column { COLUMN_CUSTOMER, COLUMN_TIME, COLUMN_OPTION, COLUMN_VALUE, COLUMN_WITH, COLUMN_DAY, COLUMN_WEEKDAY, COLUMN_HOUR,
              COLUMN_CONTEXT_1, COLUMN_CONTEXT_2, COLUMN_N };
static const char *const column_names[] = {"customer", "time", "option", "value", "with", "day", "weekday", "hour"};
struct columns {
	size_t at[COLUMN_N]; /* 1 + the index in the record; 0 when there is no such column. */
	size_t n;
};

static int read_header(struct choices *choices, const struct csv *csv, struct columns *columns)
{
	*columns = (struct columns){.n = csv->n};
	for (size_t i = 0; i < csv->n; i++) {
		struct text name = text_trim(csv->fields[i]);
		size_t column = 0;
		while (column < COLUMN_CONTEXT_1 && !text_equal(name, text_of(column_names[column])))
			column++;
		if (column == COLUMN_CONTEXT_1 && columns->at[column])
			column++;
		if (columns->at[column])
			return column < COLUMN_CONTEXT_1
			         ? refuse(choices, ERROR_INVALID, csv->line, "the column %.*s is there twice", TEXT_ARGS(name))
			         : refuse(choices, ERROR_INVALID, csv->line, "there are more than %d context columns", USUAL_CONTEXTS_MAX);
		columns->at[column] = i + 1;
	}
	if (!columns->at[COLUMN_CUSTOMER] || !columns->at[COLUMN_TIME] ||
	    !columns->at[COLUMN_OPTION] == !columns->at[COLUMN_VALUE])
		return refuse(choices, ERROR_INVALID, csv->line,
		              "the first line names the columns: customer, time and either option or value");
	return 0;
}

static struct text field_of(const struct csv *csv, const struct columns *columns, enum column column)
{
	return columns->at[column] ? csv->fields[columns->at[column] - 1] : (struct text){0};
}

static int read_context(struct choices *choices, const struct csv *csv, const struct columns *columns,
                        struct usual_context *context)
{
	static const struct {
		enum column column;
		int least, most;
	} ranges[] = {{COLUMN_DAY, 1, 31}, {COLUMN_WEEKDAY, 0, 6}, {COLUMN_HOUR, 0, 23}};
	struct text time = field_of(csv, columns, COLUMN_TIME);
	if (clock_parse(time, &context->time_ms) != 0)
		return refuse(choices, ERROR_INVALID, csv->line, "\"%.*s\" is not a time", TEXT_ARGS(text_first(time, 40)));
	struct clock_parts parts = clock_parts_of(context->time_ms);
	int64_t numbers[] = {parts.day, parts.weekday, parts.hour};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		struct text field = text_trim(field_of(csv, columns, ranges[i].column));
		if (field.n && (text_to_int64(field, &numbers[i]) != 0 || numbers[i] < ranges[i].least || numbers[i] > ranges[i].most))
			return refuse(choices, ERROR_INVALID, csv->line, "%s is a whole number from %d to %d, not \"%.*s\"",
			              column_names[ranges[i].column], ranges[i].least, ranges[i].most, TEXT_ARGS(text_first(field, 40)));
	}
	context->day_of_month = (uint8_t)numbers[0];
	context->weekday = (uint8_t)numbers[1];
	context->hour_slot = (uint8_t)(numbers[2] / 3);
	for (size_t i = 0; i < USUAL_CONTEXTS_MAX; i++)
		context->contexts[i] = usual_context_hash(field_of(csv, columns, (enum column)(COLUMN_CONTEXT_1 + i)));
	return 0;
}

static int read_choice(struct choices *choices, const struct csv *csv, const struct columns *columns)
{
	struct choice choice = {0};
	struct text customer = field_of(csv, columns, COLUMN_CUSTOMER);
	bool is_value = columns->at[COLUMN_VALUE] != 0;
	struct text chosen = field_of(csv, columns, is_value ? COLUMN_VALUE : COLUMN_OPTION);
	if (csv->n != columns->n)
		return refuse(choices, ERROR_INVALID, csv->line, "there are %zu fields where the first line has %zu", csv->n, columns->n);
	if (customer.n == 0 || chosen.n == 0)
		return refuse(choices, ERROR_INVALID, csv->line, "the %s is empty",
		              customer.n == 0 ? "customer" : is_value ? "value" : "option");
	int error = read_context(choices, csv, columns, &choice.context);
	if (error)
		return error;
	error = name_index(choices, &choices->customers, customer, UINT32_MAX, &choice.customer);
	uint32_t option = 0;
	if (error == 0 && !is_value)
		error = name_index(choices, &choices->options, chosen, CHOICES_OPTIONS_MAX, &option);
	choice.option = (uint16_t)option;
	if (error == 0 && is_value) {
		choice.value = text_copy(&choices->arena, chosen);
		choice.with = text_copy(&choices->arena, field_of(csv, columns, COLUMN_WITH));
		error = choice.value.p && choice.with.p ? 0 : ERROR_MEMORY;
	}
	if (error == 0)
		error = add(choices, &choice);
	return error ? refuse_code(choices, error, csv->line) : 0;
}

int choices_add_csv(struct choices *choices, struct text text)
{
	struct csv csv = {.rest = text, .next_line = 1, .scratch = memory_alloc(text.n)};
	struct columns columns = {0};
	const char *wrong;
	bool has_header = false;
	int error = csv.scratch ? 0 : ERROR_MEMORY;
	if (text_starts(text, TEXT("\xef\xbb\xbf")))
		csv.rest = text_from(text, 3);
	while (error == 0 && csv_next(&csv, &wrong)) {
		if (wrong)
			error = refuse(choices, ERROR_INVALID, csv.line, "%s", wrong);
		else if (csv.n == 1 && csv.fields[0].n == 0)
			continue;
		else if (!has_header)
			error = read_header(choices, &csv, &columns);
		else
			error = read_choice(choices, &csv, &columns);
		if (!has_header && error == 0) {
			has_header = choices->has_times = true;
			choices->has_values |= columns.at[COLUMN_VALUE] != 0;
			choices->has_options |= columns.at[COLUMN_OPTION] != 0;
		}
	}
	if (error == 0 && !has_header)
		error = refuse(choices, ERROR_INVALID, 1, "the file is empty");
	memory_free(csv.scratch);
	return error;
}

/* qsort is not stable, so the place in the log decides between equal times. */
struct sort_item {
	uint32_t customer, place;
	int64_t time_ms;
};

static int compare(const void *a, const void *b)
{
	const struct sort_item *x = a, *y = b;
	if (x->customer != y->customer)
		return x->customer < y->customer ? -1 : 1;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

int choices_sort(struct choices *choices)
{
	struct sort_item *order = memory_alloc(choices->n * sizeof *order);
	struct choice *sorted = memory_alloc(choices->n * sizeof *sorted);
	int error = order && sorted ? 0 : ERROR_MEMORY;
	for (size_t i = 0; error == 0 && i < choices->n; i++)
		order[i] = (struct sort_item){choices->items[i].customer, (uint32_t)i, choices->items[i].context.time_ms};
	if (error == 0) {
		qsort(order, choices->n, sizeof *order, compare);
		for (size_t i = 0; i < choices->n; i++)
			sorted[i] = choices->items[order[i].place];
		memory_free(choices->items);
		choices->items = sorted;
		choices->capacity = choices->n;
		choices->sorted = true;
		sorted = NULL;
	}
	memory_free(order);
	memory_free(sorted);
	return error;
}
