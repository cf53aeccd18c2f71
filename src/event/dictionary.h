/*
 * dictionary.h: names get small numbers: events, touchpoints, sources.
 *
 * Numbers are small and never change. Looking up takes no lock. A new name is a fact: its owner writes it to the log
 * before it is used (the callback), so a replay gives the same numbers. A number that nothing uses any more can be given
 * back, which is a fact too; the next new name gets it.
 *
 * Of each name it is known whether a public key brought it. Those are bounded: whoever reads a page has its key, and could
 * use up all numbers. What finds no room goes by the name DICTIONARY_OTHER.
 */
#ifndef ATTUNE_EVENT_DICTIONARY_H
#define ATTUNE_EVENT_DICTIONARY_H

#include "base/text.h"

enum { DICTIONARY_NAMES_MAX = 65535, DICTIONARY_NAME_BYTES_MAX = 200 };

#define DICTIONARY_OTHER TEXT("other")

struct dictionary;

struct dictionary *dictionary_new(void); /* NULL without memory. */
void dictionary_free(struct dictionary *dictionary);

/* The number of @name, 0 when it has none. Threads: safe, no lock. */
uint32_t dictionary_find(const struct dictionary *dictionary, struct text name);
/* The same for those who hand on a function and what it is about. */
uint32_t dictionary_seek(void *dictionary, struct text name);

/* The name of @number, empty when there is none. Valid until the dictionary is freed. Threads: safe, no lock. */
struct text dictionary_name(const struct dictionary *dictionary, uint32_t number);

uint32_t dictionary_count(const struct dictionary *dictionary); /* No number is larger. Some below it may have no name. */
uint32_t dictionary_taken(const struct dictionary *dictionary); /* Numbers that have a name. */

/*
 * Every name gets the next mark when it is given its number, so that names that came after a moment can be told apart.
 * The newest mark, and that of @number's name (0: it has none).
 */
uint32_t dictionary_mark(const struct dictionary *dictionary);
uint32_t dictionary_mark_of(const struct dictionary *dictionary, uint32_t number);

/* Wait until every name whose record was written before this call is in. */
void dictionary_settle(struct dictionary *dictionary);

/*
 * The number of @name, giving it one if needed: @record is called first, under the dictionary's lock, and writes the fact.
 * Errors: ERROR_LIMIT (name empty or too long, or too many names), ERROR_MEMORY, those of @record.
 */
int dictionary_number(struct dictionary *dictionary, struct text name, int (*record)(void *arg, uint32_t number, struct text name),
                      void *arg, uint32_t *number) MUST_CHECK;

/* The same for a name from a public key: ERROR_LIMIT also when there are as many of those as the bound says. */
int dictionary_number_public(struct dictionary *dictionary, struct text name, int (*record)(void *arg, uint32_t number, struct text name),
                             void *arg, uint32_t *number) MUST_CHECK;
void dictionary_public_bound(struct dictionary *dictionary, uint32_t most); /* DICTIONARY_NAMES_MAX until it is set. */
uint32_t dictionary_public_count(const struct dictionary *dictionary);
bool dictionary_is_public(const struct dictionary *dictionary, uint32_t number);
/* Would a new name from a public key find no room? */
bool dictionary_public_is_full(const struct dictionary *dictionary);

/* From a replay: @name has @number. Errors: ERROR_CORRUPT (neither a free number nor the same as before), ERROR_MEMORY. */
int dictionary_restore(struct dictionary *dictionary, uint32_t number, struct text name) MUST_CHECK;
int dictionary_restore_public(struct dictionary *dictionary, uint32_t number, struct text name) MUST_CHECK;
/* From a replay: @number has no name, whether it had one before or not. Nobody else may use the dictionary meanwhile.
 * Errors: ERROR_CORRUPT (it is larger than the next). */
int dictionary_give_back(struct dictionary *dictionary, uint32_t number) MUST_CHECK;

#endif
