/*
 * config.h: the configuration in force: documents, checked and compiled.
 *
 * A document has a kind and a name; what a kind means is the business of the layer that owns it. This file knows only
 * the list, its version and the mark that states depend on. A config never changes once made: a new version is a new
 * one, swapped in by an atomic pointer.
 */
#ifndef ATTUNE_ENGINE_CONFIG_H
#define ATTUNE_ENGINE_CONFIG_H

#include "event/value.h"

enum { CONFIG_DOCUMENTS_MAX = 10000, CONFIG_BYTES_MAX = 4 * 1024 * 1024, CONFIG_LASTING_MAX = 64, CONFIG_SECTIONS_MAX = 32 };

/* One document, as one encoded object (value.h), and where it stands in its file. */
struct config_document {
	struct text kind, name;
	struct value body;
	struct text file;
	uint32_t line;
};

/*
 * Names whose numbers stand in records and therefore never change: the n-th has number n, whatever else is configured, in
 * the order in which names first appeared. Every version of the configuration log carries the list (config_log.h), so a
 * name that was removed and comes back has its number again; so does the log of events (configured.h), which decides.
 */
struct config_lasting {
	struct text names[CONFIG_LASTING_MAX];
	size_t n;
};

struct config {
	uint32_t version;
	struct config_lasting lasting;
	uint64_t mark;            /* Of everything that states depend on. */
	const struct config_document *documents;
	size_t documents_n;
	/* What layers made of the documents: purposes, surfaces ...; indexed by enum config_section. */
	const void *sections[CONFIG_SECTIONS_MAX];
	const uint64_t *words;    /* Hashes of all texts in the documents, and of their members' names; ascending. */
	size_t words_n;
	struct arena *arena;      /* Owns all of it. */
};

enum config_section { CONFIG_PURPOSES, CONFIG_SOURCES, CONFIG_TOUCHPOINTS, CONFIG_SURFACES, CONFIG_JOURNEYS, CONFIG_MATTERS, CONFIG_PROMISES, CONFIG_LAYERS, CONFIG_PRICES, CONFIG_MOVES, CONFIG_NOTES,
                      CONFIG_QUESTIONS, CONFIG_IDEAS, CONFIG_NEEDS, CONFIG_SEGMENTS, CONFIG_PRODUCTS,
                      CONFIG_PURCHASES, CONFIG_CONSEQUENCES, CONFIG_TOPICS, CONFIG_RETENTION, CONFIG_BRAND, CONFIG_TRAITS };

/* The documents of @kind, one after another: start with *@at = 0; NULL at the end. */
const struct config_document *config_next(const struct config *config, struct text kind, size_t *at);
const struct config_document *config_find(const struct config *config, struct text kind, struct text name);

/* Does @name stand in the configuration, whole, as a text, a member's name or the name of a document? Threads: pure. */
bool config_says(const struct config *config, struct text name);

/* ---- languages: tags such as cs and en-GB (RFC 5646) ---- */

/* Does a text in @language serve whoever wants @wanted? "cs" serves cs-CZ, and not the other way round (RFC 4647, lookup). */
bool language_serves(struct text language, struct text wanted);
/* Of @texts, an object by language, the member that serves @wanted best; *@language is its own. Absent without one. */
struct value language_of(struct value texts, struct text wanted, struct text *language);

#endif
