/*
 * code.h: checks of codes that other standards define: currencies, languages, time zones and colours.
 *
 * Whoever reads such a code later (a browser that formats an amount, a style sheet) fails at a wrong one, and takes a whole page with
 * it. So each is checked where it enters, by the functions here and by nothing else. All are pure, and read each byte at most a few times.
 */
#ifndef ATTUNE_BASE_CODE_H
#define ATTUNE_BASE_CODE_H

#include "base/text.h"

/* The longest codes that are accepted. RFC 5646 recommends 35 bytes for languages; the longest zone of tzdata 2025b has 32. */
enum { CODE_CURRENCY_BYTES = 3, CODE_LANGUAGE_BYTES_MAX = 35, CODE_BYTES_MAX = 48 };

/* What an error says is accepted. */
#define CODE_CURRENCY_ALLOWED "an ISO 4217 code such as EUR"
#define CODE_LANGUAGE_ALLOWED "a BCP 47 tag such as cs or en-GB"
#define CODE_COLOUR_ALLOWED "#rgb or #rrggbb, such as #0f6b5c"

/*
 * A currency of ISO 4217, in capitals or not: those in use, and those replaced since 2018, because histories reach back. Not XXX (no
 * currency) and not XTS (tests).
 */
bool code_is_currency(struct text code);

/* The capitals of a currency, of static storage; empty when it is none. */
struct text code_currency(struct text code);

/*
 * A language tag such as cs, en-GB or zh-Hant-TW: the form that BCP 47 and JavaScript's Intl.Locale both accept, with variants, the
 * extension "u" and private use. "en_GB", with an underscore, is not one.
 */
bool code_is_language(struct text code);

/*
 * A time zone by name: Area/Place of an area that tzdata has, such as America/Argentina/Buenos_Aires, or one of its names without an
 * area, such as UTC. Whether the place exists is not looked up: places come with each year's tzdata, and a machine may have none.
 */
bool code_is_zone(struct text code);

/* A colour as #rgb or #rrggbb; its parts are written to @rgb. */
bool code_is_colour(struct text code, uint8_t rgb[3]);

/* ---- by the name of a trait, a preference or a property ---- */

enum code_kind { CODE_NONE, CODE_CURRENCY, CODE_LANGUAGE, CODE_ZONE };

/* "currency", "language", "locale" and "timezone" hold codes; all other names are CODE_NONE. */
enum code_kind code_kind_of(struct text name);

/*
 * @code as it is to be stored: a currency in capitals, a language with hyphens where it came with underscores. Empty when it is no
 * code of @kind. The text is @code's, of static storage, or in @room.
 */
struct text code_read(enum code_kind kind, struct text code, char room[CODE_BYTES_MAX]);

/* What is accepted, for an error: "an ISO 4217 code such as EUR". @kind is not CODE_NONE. */
const char *code_allowed(enum code_kind kind);

#endif
