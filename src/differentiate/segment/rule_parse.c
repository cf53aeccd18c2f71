/* rule_parse.c: reading a rule: words, then one function a line of the grammar. */
#include "differentiate/segment/rule.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum word_type { WORD_END, WORD_NAME, WORD_TEXT, WORD_NUMBER, WORD_SIGN };

struct word {
	enum word_type type;
	struct text text;      /* Of a quoted text: what is inside, escapes taken out. */
	uint32_t at;
};

struct parser {
	struct arena *arena;
	struct text text;
	struct word word;      /* The one to be read next. */
	size_t end;            /* Behind it. */
	struct rule_error *error;
	unsigned atoms, depth;
	int failed;
};

/* ---- words ---- */

static int fail(struct parser *parser, uint32_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct parser *parser, uint32_t at, const char *format, ...)
{
	va_list args;
	if (parser->failed)
		return parser->failed; /* The first mistake is the one to be mended. */
	va_start(args, format);
	vsnprintf(parser->error->message, sizeof parser->error->message, format, args);
	va_end(args);
	parser->error->at = at;
	return parser->failed = ERROR_INVALID;
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || (unsigned char)c >= 0x80;
}

static size_t quoted_read(struct parser *parser, size_t at)
{
	struct text text = parser->text;
	char *copy = arena_alloc(parser->arena, text.n - at + 1);
	size_t n = 0, i = at + 1;
	if (!copy) {
		parser->failed = ERROR_MEMORY;
		return text.n;
	}
	for (; i < text.n && text.p[i] != '"'; i++) {
		if (text.p[i] == '\\' && i + 1 < text.n)
			i++;
		copy[n++] = text.p[i];
	}
	if (i >= text.n)
		fail(parser, (uint32_t)at, "This text has no closing quotation mark.");
	parser->word = (struct word){WORD_TEXT, {copy, n}, (uint32_t)at};
	return i + 1;
}

static void advance(struct parser *parser)
{
	struct text text = parser->text;
	size_t at = parser->end, end;
	while (at < text.n && isspace((unsigned char)text.p[at]))
		at++;
	end = at;
	if (at >= text.n) {
		parser->word = (struct word){.at = (uint32_t)text.n};
		parser->end = text.n;
		return;
	}
	if (text.p[at] == '"') {
		parser->end = quoted_read(parser, at);
		return;
	}
	enum word_type type = WORD_SIGN;
	if (isdigit((unsigned char)text.p[at]) || (text.p[at] == '-' && at + 1 < text.n && isdigit((unsigned char)text.p[at + 1]))) {
		type = WORD_NUMBER;
		for (end++; end < text.n && (isdigit((unsigned char)text.p[end]) || text.p[end] == '.');)
			end++;
	} else if (in_name(text.p[at])) {
		type = WORD_NAME;
		while (end < text.n && in_name(text.p[end]))
			end++;
	} else {
		end += at + 1 < text.n && text.p[at + 1] == '=' && strchr("<>!=", text.p[at]) ? 2 : 1;
	}
	parser->word = (struct word){type, {text.p + at, end - at}, (uint32_t)at};
	parser->end = end;
}

static bool is_word(const struct parser *parser, const char *word)
{
	return parser->word.type == WORD_NAME && text_equal_fold(parser->word.text, text_of(word));
}

static bool is_sign(const struct parser *parser, const char *sign)
{
	return parser->word.type == WORD_SIGN && text_equal(parser->word.text, text_of(sign));
}

static bool accept(struct parser *parser, const char *word)
{
	if (!is_word(parser, word) && !is_sign(parser, word))
		return false;
	advance(parser);
	return true;
}

/* Say that one of @wanted (words with blanks between) should stand here, and the nearest of them. */
static int expected(struct parser *parser, const char *what, const char *wanted)
{
	struct text rest = text_of(wanted), word, best = {0};
	size_t distance = 3;
	struct text got = text_first(parser->word.text, 40);
	while (text_next(&rest, ' ', &word)) {
		size_t d = text_distance(word, got);
		if (parser->word.type == WORD_NAME && d < distance) {
			distance = d;
			best = word;
		}
	}
	if (parser->word.type == WORD_END)
		return fail(parser, parser->word.at, "The rule ends where %s should follow.", what);
	if (best.n)
		return fail(parser, parser->word.at, "\"%.*s\" is not expected here; did you mean \"%.*s\"?", TEXT_ARGS(got), TEXT_ARGS(best));
	return fail(parser, parser->word.at, "\"%.*s\" is not expected here: %s should follow.", TEXT_ARGS(got), what);
}

static void demand(struct parser *parser, const char *word)
{
	char what[40];
	snprintf(what, sizeof what, "\"%s\"", word);
	if (!parser->failed && !accept(parser, word))
		expected(parser, what, word);
}

/* ---- parts of an atom ---- */

static struct text name_read(struct parser *parser, const char *what)
{
	struct text name = parser->word.text;
	if (parser->word.type != WORD_NAME && parser->word.type != WORD_TEXT) {
		expected(parser, what, "");
		return (struct text){0};
	}
	if (name.n == 0)
		fail(parser, parser->word.at, "A name cannot be empty.");
	advance(parser);
	return name;
}

static uint32_t number_read(struct parser *parser, const char *what, int64_t most)
{
	int64_t number = 0;
	uint32_t at = parser->word.at;
	if (parser->word.type != WORD_NUMBER || text_to_int64(parser->word.text, &number) != 0) {
		expected(parser, what, "");
		return 0;
	}
	if (number < 0 || number > most)
		fail(parser, at, "%s is a whole number from 0 to %lld.", what, (long long)most);
	advance(parser);
	return (uint32_t)number;
}

static void literal_read(struct parser *parser, struct rule_literal *literal)
{
	const struct word word = parser->word;
	*literal = (struct rule_literal){.type = VALUE_TEXT, .text = word.text};
	if (is_word(parser, "true") || is_word(parser, "false"))
		literal->type = is_word(parser, "true") ? VALUE_TRUE : VALUE_FALSE;
	else if (word.type == WORD_NUMBER && text_to_double(word.text, &literal->number) == 0)
		literal->type = VALUE_DOUBLE;
	else if (word.type == WORD_NAME)
		fail(parser, word.at, "A text to compare with stands in quotation marks: \"%.*s\".", TEXT_ARGS(text_first(word.text, 40)));
	else if (word.type != WORD_TEXT)
		expected(parser, "a \"text\", a number, true or false", "true false");
	advance(parser);
}

static enum rule_comparison comparison_read(struct parser *parser)
{
	static const struct {
		const char *sign;
		enum rule_comparison comparison;
	} signs[] = {{">=", RULE_AT_LEAST}, {"<=", RULE_AT_MOST}, {">", RULE_MORE}, {"<", RULE_LESS}, {"=", RULE_IS}, {"==", RULE_IS}, {"!=", RULE_IS_NOT}};
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (accept(parser, signs[i].sign))
			return signs[i].comparison;
	if (accept(parser, "contains"))
		return RULE_CONTAINS;
	if (!accept(parser, "is"))
		expected(parser, "is, is not, is one of, contains, >, >=, < or <=", "is contains");
	if (accept(parser, "not"))
		return RULE_IS_NOT;
	if (!accept(parser, "one"))
		return RULE_IS;
	demand(parser, "of");
	return RULE_ONE_OF;
}

static void literals_read(struct parser *parser, struct rule_condition *condition)
{
	struct rule_literal *literals = arena_zero_alloc(parser->arena, RULE_LITERALS_MAX, sizeof *literals);
	if (!literals) {
		parser->failed = ERROR_MEMORY;
		return;
	}
	condition->literals = literals;
	condition->literals_n = 1;
	if (condition->comparison != RULE_ONE_OF) {
		uint32_t at = parser->word.at;
		literal_read(parser, &literals[0]);
		bool ordered = condition->comparison >= RULE_MORE && condition->comparison <= RULE_AT_MOST;
		if (!parser->failed && ordered && literals[0].type != VALUE_DOUBLE)
			fail(parser, at, "More and less are said of numbers.");
		if (!parser->failed && condition->comparison == RULE_CONTAINS && literals[0].type != VALUE_TEXT)
			fail(parser, at, "What is contained is a \"text\".");
		return;
	}
	demand(parser, "(");
	literal_read(parser, &literals[0]);
	while (!parser->failed && accept(parser, ",")) {
		if (condition->literals_n == RULE_LITERALS_MAX)
			fail(parser, parser->word.at, "A list has at most %d values.", RULE_LITERALS_MAX);
		else
			literal_read(parser, &literals[condition->literals_n++]);
	}
	demand(parser, ")");
}

static void condition_read(struct parser *parser, struct rule *rule, struct text path)
{
	if (rule->conditions_n == RULE_CONDITIONS_MAX) {
		fail(parser, parser->word.at, "An event has at most %d conditions.", RULE_CONDITIONS_MAX);
		return;
	}
	struct rule_condition *condition = &rule->conditions[rule->conditions_n++];
	condition->path = path;
	condition->comparison = comparison_read(parser);
	literals_read(parser, condition);
}

static bool is_path(struct text name)
{
	return (text_starts(name, TEXT("trait.")) && name.n > 6) || (text_starts(name, TEXT("preference.")) && name.n > 11);
}

/* After "and": another condition of the event, or another part of the rule? */
static bool condition_follows(const struct parser *parser)
{
	static const char *const begins[] = {"did", "saw", "has", "consented", "in", "not"};
	struct parser ahead = *parser;
	if (!accept(&ahead, "and"))
		return false;
	if (ahead.word.type == WORD_TEXT)
		return true;
	if (ahead.word.type != WORD_NAME || is_path(ahead.word.text))
		return false;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (is_word(&ahead, begins[i]))
			return false;
	return true;
}

static void times_read(struct parser *parser, struct rule *rule)
{
	uint32_t at = parser->word.at;
	rule->times_n = 1;
	if (accept(parser, "exactly")) {
		rule->times = TIMES_EXACTLY;
	} else if (accept(parser, "at")) {
		rule->times = is_word(parser, "most") ? TIMES_AT_MOST : TIMES_AT_LEAST;
		if (!accept(parser, "most") && !accept(parser, "least"))
			expected(parser, "least or most", "least most");
	} else {
		return;
	}
	if (accept(parser, "once"))
		return;
	rule->times_n = number_read(parser, "how many times", RULE_TIMES_MAX);
	if (!accept(parser, "times") && !accept(parser, "time"))
		expected(parser, "\"times\"", "times");
	if (!parser->failed && rule->times == TIMES_AT_LEAST && rule->times_n == 0)
		fail(parser, at, "At least 0 times is always so.");
}

static void window_read(struct parser *parser, struct rule *rule)
{
	static const struct {
		const char *one, *many, *mark;
		int64_t seconds;
	} units[] = {{"minute", "minutes", "m", 60}, {"hour", "hours", "h", 3600}, {"day", "days", "d", 86400}, {"week", "weeks", "w", 7 * 86400}};
	struct parser ahead = *parser;
	if (!accept(&ahead, "in") || !is_word(&ahead, "the"))
		return; /* "in segment" is another atom. */
	*parser = ahead;
	demand(parser, "the");
	demand(parser, "last");
	uint32_t at = parser->word.at;
	int64_t n = number_read(parser, "how long", INT32_MAX);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (accept(parser, units[i].one) || accept(parser, units[i].many) || accept(parser, units[i].mark)) {
			rule->window_s = n * units[i].seconds;
			if (rule->window_s < 60 || rule->window_s > (int64_t)RULE_DAYS_MAX * 86400)
				fail(parser, at, "A window is from a minute to %d days.", RULE_DAYS_MAX);
			return;
		}
	expected(parser, "minutes, hours, days or weeks", "minutes hours days weeks minute hour day week");
}

static void event_read(struct parser *parser, struct rule *rule)
{
	if (parser->word.type != WORD_TEXT) {
		fail(parser, parser->word.at, "The name of the event stands in quotation marks: did \"Order Completed\".");
		return;
	}
	rule->name = name_read(parser, "an event");
	if (accept(parser, "where"))
		do
			condition_read(parser, rule, name_read(parser, "a property"));
		while (!parser->failed && condition_follows(parser) && accept(parser, "and"));
	times_read(parser, rule);
	window_read(parser, rule);
}

/* ---- the rule ---- */

static struct rule *rule_new(struct parser *parser, enum rule_kind kind)
{
	struct rule *rule = parser->failed ? NULL : arena_zero_alloc(parser->arena, 1, sizeof *rule);
	if (!rule && !parser->failed)
		parser->failed = ERROR_MEMORY;
	if (rule) {
		rule->kind = kind;
		rule->at = parser->word.at;
	}
	return rule;
}

static struct text path_read(struct parser *parser)
{
	uint32_t at = parser->word.at;
	if (parser->word.type == WORD_TEXT)
		fail(parser, at, "A path stands without quotation marks: trait.language.");
	struct text path = name_read(parser, "trait.NAME or preference.NAME");
	if (!parser->failed && !is_path(path))
		fail(parser, at, "\"%.*s\" is not a path: it begins with trait. or preference.", TEXT_ARGS(text_first(path, 60)));
	return path;
}

static struct rule *atom_read(struct parser *parser)
{
	enum rule_kind kind = is_word(parser, "did") ? RULE_DID : is_word(parser, "saw") ? RULE_SAW : is_word(parser, "has") ? RULE_HAS :
	                      is_word(parser, "consented") ? RULE_CONSENTED : is_word(parser, "in") ? RULE_IN : RULE_COMPARE;
	struct rule *rule = rule_new(parser, kind);
	if (!rule)
		return NULL;
	if (++parser->atoms > RULE_ATOMS_MAX) {
		fail(parser, rule->at, "A rule has at most %d parts.", RULE_ATOMS_MAX);
		return rule;
	}
	if (kind == RULE_COMPARE) {
		if (parser->word.type != WORD_NAME || !is_path(parser->word.text))
			expected(parser, "did, saw, has, consented to, in segment, or a path such as trait.language", "did saw has consented in not trait. preference.");
		else
			condition_read(parser, rule, path_read(parser));
		return rule;
	}
	advance(parser);
	if (kind == RULE_DID || kind == RULE_SAW) {
		event_read(parser, rule);
	} else if (kind == RULE_HAS) {
		rule->name = path_read(parser);
	} else {
		demand(parser, kind == RULE_IN ? "segment" : "to");
		if (!parser->failed)
			rule->name = name_read(parser, kind == RULE_IN ? "the name of a segment" : "the name of a purpose");
	}
	return rule;
}

static struct rule *or_read(struct parser *parser);

static struct rule *unary_read(struct parser *parser)
{
	struct rule *rule;
	if (parser->depth >= RULE_DEPTH_MAX) {
		fail(parser, parser->word.at, "The rule is nested more than %d deep.", RULE_DEPTH_MAX);
		return NULL;
	}
	parser->depth++;
	if (is_word(parser, "not")) {
		rule = rule_new(parser, RULE_NOT);
		advance(parser);
		if (rule)
			rule->first = unary_read(parser);
	} else if (accept(parser, "(")) {
		rule = or_read(parser);
		demand(parser, ")");
	} else {
		rule = atom_read(parser);
	}
	parser->depth--;
	return rule;
}

/* Parts joined by @word; a single part stands for itself. */
static struct rule *joined_read(struct parser *parser, const char *word, enum rule_kind kind, struct rule *(*part)(struct parser *))
{
	uint32_t at = parser->word.at;
	struct rule *first = part(parser), *last = first, *whole;
	if (parser->failed || !is_word(parser, word))
		return first;
	whole = rule_new(parser, kind);
	while (whole && !parser->failed && accept(parser, word)) {
		struct rule *next = part(parser);
		if (parser->failed)
			break;
		last->next = next;
		last = next;
	}
	if (whole) {
		whole->at = at;
		whole->first = first;
	}
	return whole;
}

static struct rule *and_read(struct parser *parser)
{
	return joined_read(parser, "and", RULE_AND, unary_read);
}

static struct rule *or_read(struct parser *parser)
{
	return joined_read(parser, "or", RULE_OR, and_read);
}

int rule_parse(struct rule **out, struct arena *arena, struct text text, struct rule_error *error)
{
	struct parser parser = {.arena = arena, .text = text, .error = error};
	*error = (struct rule_error){0};
	if (text.n > RULE_BYTES_MAX)
		return fail(&parser, RULE_BYTES_MAX, "A rule has at most %d characters.", RULE_BYTES_MAX);
	advance(&parser);
	struct rule *rule = or_read(&parser);
	if (!parser.failed && parser.word.type != WORD_END)
		expected(&parser, "and, or, or the end", "and or where at exactly in");
	if (parser.failed)
		return parser.failed;
	assert(rule);
	*out = rule;
	return 0;
}

void rule_error_show(struct buffer *out, struct text text, const struct rule_error *error)
{
	buffer_text(out, text);
	buffer_char(out, '\n');
	for (uint32_t i = 0; i < error->at && i < text.n; i++)
		if (((unsigned char)text.p[i] & 0xc0) != 0x80) /* A character, not a byte. */
			buffer_char(out, text.p[i] == '\t' ? '\t' : ' ');
	buffer_string(out, "^ ");
	buffer_string(out, error->message);
}
