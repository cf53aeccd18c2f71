/* rule_format.c: the canonical text of a rule, and values compared. */
#include "differentiate/segment/rule.h"

#include <inttypes.h>
#include <string.h>

static void quoted(struct buffer *out, struct text text)
{
	buffer_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buffer_char(out, '\\');
		buffer_char(out, text.p[i]);
	}
	buffer_char(out, '"');
}

/* Names that need no quotation marks: letters, digits, _ and -, beginning with a letter. */
static void name(struct buffer *out, struct text text)
{
	bool plain = text.n > 0 && ((text.p[0] | 32) >= 'a' && (text.p[0] | 32) <= 'z');
	for (size_t i = 0; i < text.n; i++)
		plain &= ((text.p[i] | 32) >= 'a' && (text.p[i] | 32) <= 'z') || (text.p[i] >= '0' && text.p[i] <= '9') || text.p[i] == '_' || text.p[i] == '-' || text.p[i] == '.';
	if (plain)
		buffer_text(out, text);
	else
		quoted(out, text);
}

static void literal(struct buffer *out, const struct rule_literal *literal)
{
	if (literal->type == VALUE_TEXT)
		quoted(out, literal->text);
	else if (literal->type == VALUE_DOUBLE)
		buffer_text(out, literal->text); /* As it was written: nothing is lost. */
	else
		buffer_string(out, literal->type == VALUE_TRUE ? "true" : "false");
}

static void condition(struct buffer *out, const struct rule_condition *condition)
{
	static const char *const signs[] = {" is ", " is not ", " > ", " >= ", " < ", " <= ", " contains ", " is one of ("};
	buffer_string(out, signs[condition->comparison]);
	for (size_t i = 0; i < condition->literals_n; i++) {
		buffer_string(out, i ? ", " : "");
		literal(out, &condition->literals[i]);
	}
	buffer_string(out, condition->comparison == RULE_ONE_OF ? ")" : "");
}

/* A property whose name is a word of the language, or would be read as a path, keeps its quotation marks. */
static void property(struct buffer *out, struct text path)
{
	static const char *const words[] = {"did", "saw", "has", "consented", "in", "not", "and", "or", "where"};
	bool reserved = text_starts(path, TEXT("trait.")) || text_starts(path, TEXT("preference."));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		reserved |= text_equal_fold(path, text_of(words[i]));
	if (reserved)
		quoted(out, path);
	else
		name(out, path);
}

void rule_format_event(struct buffer *out, const struct rule *rule)
{
	buffer_string(out, rule->kind == RULE_SAW ? "saw " : "did ");
	quoted(out, rule->name);
	for (size_t i = 0; i < rule->conditions_n; i++) {
		buffer_string(out, i ? " and " : " where ");
		property(out, rule->conditions[i].path);
		condition(out, &rule->conditions[i]);
	}
}

static void window(struct buffer *out, int64_t seconds)
{
	static const struct {
		const char *one, *many;
		int64_t seconds;
	} units[] = {{"day", "days", 86400}, {"hour", "hours", 3600}, {"minute", "minutes", 60}};
	size_t i = 0;
	if (seconds == 0)
		return;
	while (seconds % units[i].seconds)
		i++;
	int64_t n = seconds / units[i].seconds;
	buffer_format(out, " in the last %" PRId64 " %s", n, n == 1 ? units[i].one : units[i].many);
}

static void event(struct buffer *out, const struct rule *rule)
{
	static const char *const words[] = {"at least", "at most", "exactly"};
	rule_format_event(out, rule);
	if (rule->times != TIMES_AT_LEAST || rule->times_n != 1)
		buffer_format(out, " %s %" PRIu32 " times", words[rule->times], rule->times_n);
	window(out, rule->window_s);
}

static void format(struct buffer *out, const struct rule *rule, enum rule_kind inside);

static void parts(struct buffer *out, const struct rule *rule, const char *word, enum rule_kind inside)
{
	/* "or" inside "and" or "not", "and" inside "not", and a whole of the same kind inside its like, stand in brackets. */
	bool brackets = inside == RULE_NOT || (inside == RULE_AND && rule->kind == RULE_OR) || inside == rule->kind;
	buffer_string(out, brackets ? "(" : "");
	for (const struct rule *part = rule->first; part; part = part->next) {
		buffer_string(out, part == rule->first ? "" : word);
		format(out, part, rule->kind);
	}
	buffer_string(out, brackets ? ")" : "");
}

static void format(struct buffer *out, const struct rule *rule, enum rule_kind inside)
{
	switch (rule->kind) {
	case RULE_AND:
		parts(out, rule, " and ", inside);
		break;
	case RULE_OR:
		parts(out, rule, " or ", inside);
		break;
	case RULE_NOT:
		buffer_string(out, "not ");
		format(out, rule->first, RULE_NOT);
		break;
	case RULE_DID:
	case RULE_SAW:
		event(out, rule);
		break;
	case RULE_COMPARE:
		buffer_text(out, rule->conditions[0].path);
		condition(out, &rule->conditions[0]);
		break;
	case RULE_HAS:
		buffer_string(out, "has ");
		buffer_text(out, rule->name);
		break;
	case RULE_CONSENTED:
		buffer_string(out, "consented to ");
		name(out, rule->name);
		break;
	case RULE_IN:
		buffer_string(out, "in segment ");
		name(out, rule->name);
		break;
	}
}

void rule_format(struct buffer *out, const struct rule *rule)
{
	format(out, rule, RULE_DID); /* Inside nothing. */
}

/* ---- values ---- */

static bool is_equal(const struct rule_literal *literal, struct value value)
{
	double number;
	if (literal->type == VALUE_TEXT)
		return value_type_of(value) == VALUE_TEXT && text_equal(value_text(value), literal->text);
	if (literal->type == VALUE_DOUBLE)
		return value_double(value, &number) && number == literal->number;
	return value_type_of(value) == literal->type;
}

enum truth rule_compare(const struct rule_condition *condition, struct value value)
{
	double number;
	size_t at;
	bool holds = false;
	if (value_type_of(value) <= VALUE_NULL)
		return TRUTH_UNKNOWN;
	switch (condition->comparison) {
	case RULE_IS:
	case RULE_IS_NOT:
		holds = is_equal(&condition->literals[0], value) == (condition->comparison == RULE_IS);
		break;
	case RULE_ONE_OF:
		for (size_t i = 0; i < condition->literals_n; i++)
			holds |= is_equal(&condition->literals[i], value);
		break;
	case RULE_CONTAINS:
		holds = value_type_of(value) == VALUE_TEXT && text_find(value_text(value), condition->literals[0].text, &at);
		break;
	default:
		if (!value_double(value, &number))
			return TRUTH_UNKNOWN;
		holds = condition->comparison == RULE_MORE ? number > condition->literals[0].number : condition->comparison == RULE_AT_LEAST ? number >= condition->literals[0].number :
		        condition->comparison == RULE_LESS ? number < condition->literals[0].number : number <= condition->literals[0].number;
	}
	return holds ? TRUTH_YES : TRUTH_NO;
}
