/* expression.c: parsing by precedence, and evaluating the tree. */
#include "customize/expression.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum kind { CONSTANT, SLOT, LOOKUP, NOT, MINUS, MULTIPLY, DIVIDE, ADD, SUBTRACT, LESS, LESS_EQUAL, MORE, MORE_EQUAL, EQUAL, UNEQUAL, AND, OR,
            MINIMUM, MAXIMUM, IF };

struct expression {
	enum kind kind;
	enum expression_type type;
	struct text source;                   /* The part of the formula that it is. */
	size_t column;
	struct expression_value constant;
	int number;                           /* Of the slot or the table. */
	struct expression *a, *b, *c;         /* A list of arguments goes through b: min(x, y, z) is min(x, min(y, z)). */
};

/* ---- parsing ---- */

struct parser {
	struct arena *arena;
	struct text source;
	size_t at, nodes, depth;
	const struct expression_names *names;
	struct expression_problem *problem;
	int error;
};

static struct expression *parse_level(struct parser *parser, size_t level);

__attribute__((format(printf, 3, 4)))
static struct expression *refuse(struct parser *parser, size_t at, const char *format, ...)
{
	va_list args;
	if (parser->error)
		return NULL; /* The first problem is the one that is said. */
	parser->error = ERROR_INVALID;
	parser->problem->column = at + 1;
	va_start(args, format);
	vsnprintf(parser->problem->message, sizeof parser->problem->message, format, args);
	va_end(args);
	return NULL;
}

static void blanks(struct parser *parser)
{
	while (parser->at < parser->source.n && strchr(" \t\r\n", parser->source.p[parser->at]))
		parser->at++;
}

static bool is_name_byte(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && ((c >= '0' && c <= '9') || c == '.'));
}

static struct text name_ahead(struct parser *parser)
{
	blanks(parser);
	size_t end = parser->at;
	while (end < parser->source.n && is_name_byte(parser->source.p[end], end == parser->at))
		end++;
	return (struct text){parser->source.p + parser->at, end - parser->at};
}

/* Take @mark when it comes next; a word only when it is a whole one. */
static bool take(struct parser *parser, struct text mark)
{
	blanks(parser);
	if (!text_starts(text_from(parser->source, parser->at), mark))
		return false;
	if (is_name_byte(mark.p[0], true) && name_ahead(parser).n != mark.n)
		return false;
	parser->at += mark.n;
	return true;
}

static struct expression *node(struct parser *parser, enum kind kind, enum expression_type type, size_t from)
{
	if (parser->error)
		return NULL;
	if (++parser->nodes > EXPRESSION_NODES_MAX)
		return refuse(parser, from, "This is longer than %d steps.", EXPRESSION_NODES_MAX);
	struct expression *made = arena_zero_alloc(parser->arena, 1, sizeof *made);
	if (!made) {
		parser->error = ERROR_MEMORY;
		return NULL;
	}
	made->kind = kind;
	made->type = type;
	made->column = from + 1;
	made->source = text_trim((struct text){parser->source.p + from, parser->at - from});
	return made;
}

static struct expression *number_parse(struct parser *parser)
{
	size_t from = parser->at, end = from;
	double number;
	while (end < parser->source.n && (strchr("0123456789.", parser->source.p[end])))
		end++;
	if (text_to_double((struct text){parser->source.p + from, end - from}, &number) != 0)
		return refuse(parser, from, "\"%.*s\" is no number.", (int)(end - from), parser->source.p + from);
	parser->at = end;
	struct expression *made = node(parser, CONSTANT, EXPRESSION_NUMBER, from);
	if (made)
		made->constant = (struct expression_value){.type = EXPRESSION_NUMBER, .number = number};
	return made;
}

static struct expression *text_parse(struct parser *parser)
{
	size_t from = parser->at, end = from + 1;
	while (end < parser->source.n && parser->source.p[end] != parser->source.p[from])
		end++;
	if (end == parser->source.n)
		return refuse(parser, from, "This text is not closed.");
	parser->at = end + 1;
	struct expression *made = node(parser, CONSTANT, EXPRESSION_TEXT, from);
	if (made)
		made->constant = (struct expression_value){.type = EXPRESSION_TEXT, .text = {parser->source.p + from + 1, end - from - 1}};
	return made;
}

static struct expression *numeric(struct parser *parser, struct expression *of)
{
	if (of && of->type != EXPRESSION_NUMBER)
		return refuse(parser, of->column - 1, "\"%.*s\" is a text where a number is needed.", TEXT_ARGS(text_cut(of->source, 60)));
	return of;
}

/* The arguments after the one in @first, up to the closing parenthesis. */
static struct expression *extremum_rest(struct parser *parser, enum kind kind, struct expression *first, size_t from)
{
	if (!take(parser, TEXT(",")))
		return take(parser, TEXT(")")) ? first : refuse(parser, parser->at, "Here a comma or a closing parenthesis is needed.");
	struct expression *second = numeric(parser, parse_level(parser, 0));
	second = second ? extremum_rest(parser, kind, second, from) : NULL;
	struct expression *made = second ? node(parser, kind, EXPRESSION_NUMBER, from) : NULL;
	if (made) {
		made->a = first;
		made->b = second;
	}
	return made;
}

static struct expression *if_parse(struct parser *parser, size_t from)
{
	struct expression *parts[3] = {0};
	for (size_t i = 0; i < 3; i++) {
		parts[i] = parse_level(parser, 0);
		if (!parts[i] || (i == 0 && !numeric(parser, parts[0])))
			return NULL;
		if (!take(parser, i < 2 ? TEXT(",") : TEXT(")")))
			return refuse(parser, parser->at, "if(condition, then, otherwise) has three parts.");
	}
	if (parts[1]->type != parts[2]->type)
		return refuse(parser, parts[2]->column - 1, "Both answers of an if are numbers, or both are texts.");
	struct expression *made = node(parser, IF, parts[1]->type, from);
	if (made) {
		made->a = parts[0];
		made->b = parts[1];
		made->c = parts[2];
	}
	return made;
}

static struct expression *lookup_parse(struct parser *parser, struct text name, size_t from)
{
	int table = parser->names->table(parser->names->arg, name);
	if (table < 0)
		return refuse(parser, from, "There is no table \"%.*s\".", TEXT_ARGS(text_cut(name, 60)));
	struct expression *key = parse_level(parser, 0);
	if (!key)
		return NULL;
	if (!take(parser, TEXT("]")))
		return refuse(parser, parser->at, "Here a closing bracket is needed.");
	struct expression *made = node(parser, LOOKUP, EXPRESSION_NUMBER, from);
	if (made) {
		made->a = key;
		made->number = table;
	}
	return made;
}

static struct expression *name_parse(struct parser *parser, struct text name)
{
	size_t from = parser->at;
	enum expression_type type = EXPRESSION_NUMBER;
	parser->at += name.n;
	if (take(parser, TEXT("["))) 
		return lookup_parse(parser, name, from);
	bool minimum = text_equal(name, TEXT("min")), maximum = text_equal(name, TEXT("max"));
	if ((minimum || maximum) && take(parser, TEXT("("))) {
		struct expression *first = numeric(parser, parse_level(parser, 0));
		return first ? extremum_rest(parser, minimum ? MINIMUM : MAXIMUM, first, from) : NULL;
	}
	if (text_equal(name, TEXT("if")) && take(parser, TEXT("(")))
		return if_parse(parser, from);
	int slot = parser->names->slot(parser->names->arg, name, &type);
	if (slot < 0)
		return refuse(parser, from, "There is nothing called \"%.*s\" here.", TEXT_ARGS(text_cut(name, 60)));
	struct expression *made = node(parser, SLOT, type, from);
	if (made)
		made->number = slot;
	return made;
}

static struct expression *unary_parse(struct parser *parser)
{
	blanks(parser);
	size_t from = parser->at;
	if (from >= parser->source.n)
		return refuse(parser, from, "The formula ends where a value is needed.");
	char c = parser->source.p[from];
	if (take(parser, TEXT("("))) {
		struct expression *inner = parse_level(parser, 0);
		return !inner || take(parser, TEXT(")")) ? inner : refuse(parser, parser->at, "Here a closing parenthesis is needed.");
	}
	bool minus = take(parser, TEXT("-"));
	if (minus || take(parser, TEXT("not"))) {
		struct expression *of = numeric(parser, parse_level(parser, 5)), *made = of ? node(parser, minus ? MINUS : NOT, EXPRESSION_NUMBER, from) : NULL;
		if (made)
			made->a = of;
		return made;
	}
	if ((c >= '0' && c <= '9') || c == '.')
		return number_parse(parser);
	if (c == '"' || c == '\'')
		return text_parse(parser);
	struct text name = name_ahead(parser);
	return name.n ? name_parse(parser, name) : refuse(parser, from, "\"%c\" does not belong here.", c >= ' ' && c < 127 ? c : '?');
}

/* From what binds least to what binds most; two-letter marks before the one-letter ones that begin them. */
static const struct operator {
	size_t level;
	struct text mark;
	enum kind kind;
} operators[] = {
	{0, TEXT("or"), OR}, {1, TEXT("and"), AND}, {2, TEXT("<="), LESS_EQUAL}, {2, TEXT(">="), MORE_EQUAL}, {2, TEXT("!="), UNEQUAL}, {2, TEXT("<"), LESS},
	{2, TEXT(">"), MORE}, {2, TEXT("="), EQUAL}, {3, TEXT("+"), ADD}, {3, TEXT("-"), SUBTRACT}, {4, TEXT("*"), MULTIPLY}, {4, TEXT("/"), DIVIDE},
};
enum { OPERATORS = sizeof operators / sizeof *operators, LEVELS = 5 };

static const struct operator *operator_take(struct parser *parser, size_t level)
{
	for (size_t i = 0; i < OPERATORS; i++)
		if (operators[i].level == level && take(parser, operators[i].mark))
			return &operators[i];
	return NULL;
}

static struct expression *parse_operators(struct parser *parser, size_t level)
{
	const struct operator *operator;
	blanks(parser);
	size_t from = parser->at;
	struct expression *left = parse_level(parser, level + 1);
	while (left && (operator = operator_take(parser, level))) {
		struct expression *right = parse_level(parser, level + 1);
		if (!right)
			return NULL;
		bool any_type = operator->kind == EQUAL || operator->kind == UNEQUAL;
		if (!any_type && (!numeric(parser, left) || !numeric(parser, right)))
			return NULL;
		if (left->type != right->type)
			return refuse(parser, right->column - 1, "A number and a text cannot be compared.");
		struct expression *made = node(parser, operator->kind, EXPRESSION_NUMBER, from);
		if (!made)
			return NULL;
		made->a = left;
		made->b = right;
		left = made;
	}
	return left;
}

static struct expression *parse_level(struct parser *parser, size_t level)
{
	struct expression *made;
	if (level < LEVELS)
		return parse_operators(parser, level); /* At most LEVELS deep before unary_parse counts. */
	if (++parser->depth > EXPRESSION_DEPTH_MAX)
		return refuse(parser, parser->at, "This is nested deeper than %d levels.", EXPRESSION_DEPTH_MAX);
	made = unary_parse(parser);
	parser->depth--;
	return made;
}

int expression_compile(struct expression **out, struct arena *arena, struct text source, const struct expression_names *names,
                       struct expression_problem *problem)
{
	struct parser parser = {.arena = arena, .source = source, .names = names, .problem = problem};
	if (source.n > EXPRESSION_BYTES_MAX) {
		refuse(&parser, EXPRESSION_BYTES_MAX, "A formula has at most %d bytes.", EXPRESSION_BYTES_MAX);
		return ERROR_INVALID;
	}
	struct expression *made = parse_level(&parser, 0);
	blanks(&parser);
	if (made && parser.at < source.n)
		refuse(&parser, parser.at, "The formula should end here.");
	if (parser.error)
		return parser.error;
	*out = made;
	return 0;
}

enum expression_type expression_type_of(const struct expression *expression)
{
	return expression->type;
}

/* ---- evaluating ---- */

struct evaluation {
	const struct expression_world *world;
	struct expression_problem *problem;
};

static int evaluate(struct expression_value *out, const struct expression *expression, const struct evaluation *evaluation);

static int no_value(const struct evaluation *evaluation, const struct expression *expression, const char *why)
{
	evaluation->problem->column = expression->column;
	snprintf(evaluation->problem->message, sizeof evaluation->problem->message, "\"%.*s\" %s.", TEXT_ARGS(text_cut(expression->source, 80)), why);
	return ERROR_NOT_FOUND;
}

static void trace(const struct evaluation *evaluation, const struct expression *expression, struct expression_value value)
{
	if (evaluation->world->trace)
		evaluation->world->trace(evaluation->world->arg, expression->source, value);
}

static int lookup(struct expression_value *out, const struct expression *expression, const struct evaluation *evaluation)
{
	struct expression_value key;
	int error = evaluate(&key, expression->a, evaluation);
	if (!error && !evaluation->world->table(evaluation->world->arg, expression->number, key, &out->number))
		error = no_value(evaluation, expression, "has no such key");
	if (!error)
		trace(evaluation, expression, *out);
	return error;
}

static int choose(struct expression_value *out, const struct expression *expression, const struct evaluation *evaluation)
{
	struct expression_value condition;
	int error = evaluate(&condition, expression->a, evaluation);
	if (error)
		return error;
	trace(evaluation, expression->a, condition);
	return evaluate(out, condition.number != 0 ? expression->b : expression->c, evaluation);
}

static bool same(struct expression_value a, struct expression_value b)
{
	return a.type == EXPRESSION_TEXT ? text_equal(a.text, b.text) : a.number == b.number;
}

static double combine(enum kind kind, struct expression_value a, struct expression_value b)
{
	double x = a.number, y = b.number;
	switch (kind) {
	case NOT: return x == 0;
	case MINUS: return -x;
	case MULTIPLY: return x * y;
	case DIVIDE: return x / y;
	case ADD: return x + y;
	case SUBTRACT: return x - y;
	case LESS: return x < y;
	case LESS_EQUAL: return x <= y;
	case MORE: return x > y;
	case MORE_EQUAL: return x >= y;
	case EQUAL: return same(a, b);
	case UNEQUAL: return !same(a, b);
	case AND: return x != 0 && y != 0;
	case OR: return x != 0 || y != 0;
	case MINIMUM: return x < y ? x : y;
	case MAXIMUM: return x > y ? x : y;
	default: assert(false); return 0;
	}
}

static int evaluate(struct expression_value *out, const struct expression *expression, const struct evaluation *evaluation)
{
	struct expression_value a = {0}, b = {0};
	*out = (struct expression_value){.type = expression->type};
	if (expression->kind == CONSTANT) {
		*out = expression->constant;
		return 0;
	}
	if (expression->kind == SLOT) {
		if (!evaluation->world->slot(evaluation->world->arg, expression->number, out) || out->type != expression->type)
			return no_value(evaluation, expression, "is not known");
		trace(evaluation, expression, *out);
		return 0;
	}
	if (expression->kind == LOOKUP)
		return lookup(out, expression, evaluation);
	if (expression->kind == IF)
		return choose(out, expression, evaluation);
	int error = evaluate(&a, expression->a, evaluation);
	if (!error && expression->b)
		error = evaluate(&b, expression->b, evaluation);
	if (error)
		return error;
	out->number = combine(expression->kind, a, b);
	return isfinite(out->number) ? 0 : no_value(evaluation, expression, "has no value");
}

int expression_evaluate(struct expression_value *out, const struct expression *expression, const struct expression_world *world,
                        struct expression_problem *problem)
{
	struct evaluation evaluation = {world, problem};
	struct expression_value value;
	int error = evaluate(&value, expression, &evaluation);
	if (!error)
		*out = value;
	return error;
}
