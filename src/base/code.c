/* code.c: currencies, languages, time zones and colours. */
#include "base/code.h"

#include <string.h>

static bool is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool all(struct text text, bool letters, bool digits)
{
	for (size_t i = 0; i < text.n; i++)
		if (!(letters && is_letter(text.p[i])) && !(digits && is_digit(text.p[i])))
			return false;
	return true;
}

/* ---- currencies ---- */

/* ISO 4217, ascending. Replaced since 2018 and kept for histories: ANG BGN CUC HRK MRO SLL STD VEF ZWL. */
static const char currencies[] =
	"AEDAFNALLAMDANGAOAARSAUDAWGAZNBAMBBDBDTBGNBHDBIFBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCLFCLPCNYCOPCOUCRCCUCCUPCVECZKDJFDKKDOPDZD"
	"EGPERNETBEURFJDFKPGBPGELGHSGIPGMDGNFGTQGYDHKDHNLHRKHTGHUFIDRILSINRIQDIRRISKJMDJODJPYKESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDL"
	"MGAMKDMMKMNTMOPMROMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSDGSEKSGDSHPSLESLLSOSSRDSSP"
	"STDSTNSVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZSUAHUGXUSDUSNUYIUYUUYWUZSVEDVEFVESVNDVUVWSTXADXAFXAGXAUXBAXBBXBCXBDXCDXCGXDRXOFXPDXPFXPTXSU"
	"XUAYERZARZMWZWGZWL";

enum { CURRENCIES = (sizeof currencies - 1) / CODE_CURRENCY_BYTES };

struct text code_currency(struct text code)
{
	char capitals[CODE_CURRENCY_BYTES];
	size_t low = 0, high = CURRENCIES;
	if (code.n != CODE_CURRENCY_BYTES || !all(code, true, false))
		return (struct text){"", 0};
	for (size_t i = 0; i < CODE_CURRENCY_BYTES; i++)
		capitals[i] = (char)(code.p[i] & ~32);
	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *here = currencies + middle * CODE_CURRENCY_BYTES;
		int order = memcmp(here, capitals, CODE_CURRENCY_BYTES);
		if (order == 0)
			return (struct text){here, CODE_CURRENCY_BYTES};
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (struct text){"", 0};
}

bool code_is_currency(struct text code)
{
	return code_currency(code).n != 0;
}

/* ---- languages ---- */

enum { SUBTAGS_MAX = CODE_LANGUAGE_BYTES_MAX / 2 + 1 };

struct subtags {
	struct text items[SUBTAGS_MAX];
	size_t n, at;
};

static bool is_long(struct text part, size_t from, size_t to)
{
	return part.n >= from && part.n <= to;
}

/* The subtag that comes next; empty at the end. */
static struct text next(const struct subtags *tags)
{
	return tags->at < tags->n ? tags->items[tags->at] : (struct text){"", 0};
}

static bool is_variant(struct text part)
{
	return is_long(part, 5, 8) || (part.n == 4 && is_digit(part.p[0]));
}

/* Variants, each once. */
static bool variants_take(struct subtags *tags)
{
	const size_t first = tags->at;
	for (; is_variant(next(tags)); tags->at++)
		for (size_t i = first; i < tags->at; i++)
			if (text_equal_fold(tags->items[i], next(tags)))
				return false;
	return true;
}

/* "-u-" with attributes of 3 to 8, then keys of 2 (a letter or digit, and a letter) that may have values of 3 to 8. */
static bool unicode_take(struct subtags *tags)
{
	const size_t first = ++tags->at;
	while (is_long(next(tags), 3, 8))
		tags->at++;
	while (next(tags).n == 2 && is_letter(next(tags).p[1])) {
		tags->at++;
		while (is_long(next(tags), 3, 8))
			tags->at++;
	}
	return tags->at > first;
}

static bool extensions_take(struct subtags *tags)
{
	if (text_equal_fold(next(tags), TEXT("u")) && !unicode_take(tags))
		return false;
	if (!text_equal_fold(next(tags), TEXT("x")))
		return true;
	if (++tags->at == tags->n)
		return false;
	tags->at = tags->n; /* Private use: any subtags of 1 to 8. */
	return true;
}

bool code_is_language(struct text code)
{
	struct subtags tags = {.n = 0};
	struct text rest = code, part;
	if (code.n < 2 || code.n > CODE_LANGUAGE_BYTES_MAX || code.p[code.n - 1] == '-')
		return false;
	while (text_next(&rest, '-', &part)) {
		if (!is_long(part, 1, 8) || !all(part, true, true) || tags.n == SUBTAGS_MAX)
			return false;
		tags.items[tags.n++] = part;
	}
	part = next(&tags);
	if (!all(part, true, false) || part.n < 2 || part.n == 4)
		return false;
	tags.at++;
	if (next(&tags).n == 4 && all(next(&tags), true, false))
		tags.at++;
	if ((next(&tags).n == 2 && all(next(&tags), true, false)) || (next(&tags).n == 3 && all(next(&tags), false, true)))
		tags.at++;
	return variants_take(&tags) && extensions_take(&tags) && tags.at == tags.n;
}

/* ---- time zones ---- */

static bool is_word_of(struct text text, const char *words)
{
	struct text rest = text_of(words), word;
	while (text_next(&rest, ' ', &word))
		if (text_equal(word, text))
			return true;
	return false;
}

static bool is_place(struct text part)
{
	if (part.n == 0 || !is_letter(part.p[0]))
		return false;
	for (size_t i = 0; i < part.n; i++)
		if (!is_letter(part.p[i]) && !is_digit(part.p[i]) && !memchr("_+-", part.p[i], 3))
			return false;
	return true;
}

bool code_is_zone(struct text code)
{
	static const char areas[] = "Africa America Antarctica Arctic Asia Atlantic Australia Brazil Canada Chile Etc Europe Indian Mexico Pacific US";
	static const char alone[] = "CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran Israel Jamaica Japan "
	                            "Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK Singapore Turkey UCT UTC Universal W-SU WET Zulu";
	struct text rest = code, part;
	size_t parts = 0;
	if (code.n == 0 || code.n > CODE_BYTES_MAX)
		return false;
	for (; text_next(&rest, '/', &part); parts++)
		if (!is_place(part) || (parts == 0 && !is_word_of(part, areas) && !is_word_of(code, alone)))
			return false;
	return parts <= 3 && (parts > 1 || is_word_of(code, alone));
}

/* ---- colours ---- */

static int hex_of(char c)
{
	return is_digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

bool code_is_colour(struct text code, uint8_t rgb[3])
{
	const size_t digits = code.n == 4 ? 1 : 2;
	if ((code.n != 4 && code.n != 7) || code.p[0] != '#')
		return false;
	for (size_t i = 0; i < 3; i++) {
		int high = hex_of(code.p[1 + i * digits]), low = hex_of(code.p[i * digits + digits]);
		if (high < 0 || low < 0)
			return false;
		rgb[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

/* ---- by name ---- */

enum code_kind code_kind_of(struct text name)
{
	static const struct {
		struct text name;
		enum code_kind kind;
	} kinds[] = {{TEXT("currency"), CODE_CURRENCY}, {TEXT("language"), CODE_LANGUAGE}, {TEXT("locale"), CODE_LANGUAGE}, {TEXT("timezone"), CODE_ZONE}};
	if (name.n != 6 && name.n != 8) /* Most names end here. */
		return CODE_NONE;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (text_equal(name, kinds[i].name))
			return kinds[i].kind;
	return CODE_NONE;
}

static struct text language_read(struct text code, char room[CODE_BYTES_MAX])
{
	if (code.n > CODE_LANGUAGE_BYTES_MAX)
		return (struct text){"", 0};
	for (size_t i = 0; i < code.n; i++)
		room[i] = code.p[i] == '_' ? '-' : code.p[i];
	return (struct text){room, code_is_language((struct text){room, code.n}) ? code.n : 0};
}

struct text code_read(enum code_kind kind, struct text code, char room[CODE_BYTES_MAX])
{
	switch (kind) {
	case CODE_CURRENCY:
		return code_currency(code);
	case CODE_LANGUAGE:
		return language_read(code, room);
	case CODE_ZONE:
		return code_is_zone(code) ? code : (struct text){"", 0};
	case CODE_NONE:
		break;
	}
	return (struct text){"", 0};
}

const char *code_allowed(enum code_kind kind)
{
	return kind == CODE_CURRENCY ? CODE_CURRENCY_ALLOWED : kind == CODE_LANGUAGE ? CODE_LANGUAGE_ALLOWED : "an IANA time zone such as Europe/Prague";
}
