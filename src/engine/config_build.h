/*
 * config_build.h: from YAML files to a config: checked against the kinds' keys, compiled by the layers that own them.
 *
 * A layer describes its kind by a table of keys and one function; an unknown key is an error with the nearest name, and
 * every problem has a file, a line and a column.
 */
#ifndef ATTUNE_ENGINE_CONFIG_BUILD_H
#define ATTUNE_ENGINE_CONFIG_BUILD_H

#include "base/yaml_tree.h"
#include "engine/config.h"

enum config_type { CONFIG_TEXT, CONFIG_NUMBER, CONFIG_YES_NO, CONFIG_TEXTS, CONFIG_LIST, CONFIG_MAP, CONFIG_ANY };

struct config_key {
	const char *name;
	enum config_type type;
	bool required;
	const char *choices;            /* "usual menu": the words allowed; NULL: any. */
	const struct config_key *keys;  /* Of a map; NULL: any keys. Ends with a NULL name. */
};

struct config_build;

struct config_kind {
	const char *name;               /* "surface" */
	const struct config_key *keys;  /* Beside kind and name. Ends with a NULL name. */
	bool shapes_states;             /* States depend on it: a change folds them again. */
	enum config_section section;
	/* Make the section from the documents of this kind: allocate from config->arena. Reports by config_problem. */
	int (*compile)(struct config_build *build, struct config *config, const void **section);
};

struct config_kinds {
	const struct config_kind *const *kinds;
	size_t n;
};

struct config_file {
	struct text name, text;
};

/* One version of the configuration: its files, and the names that had a lasting number before it. */
struct config_version {
	uint32_t version;
	const struct config_file *files;
	size_t files_n;
	struct config_lasting lasting;
};

/* One problem, for a person: where and what. */
struct config_problem {
	struct text file;
	uint32_t line, column;
	char message[240];
};

/*
 * Build a config from @from. *@out is owned by the caller (config_free). Each problem is handed to @problem; with at
 * least one the answer is ERROR_INVALID. Other errors: ERROR_MEMORY, ERROR_LIMIT.
 */
int config_build(struct config **out, const struct config_kinds *kinds, const struct config_version *from,
                 void (*problem)(void *arg, const struct config_problem *problem), void *arg) MUST_CHECK;
void config_free(struct config *config);

/*
 * From a compile function: read the documents of @kind, one after another, into an array of items of @bytes each, by @read, which
 * reports what is wrong; so all problems are found in one go. *@items lives as long as the config. Errors: ERROR_INVALID, ERROR_MEMORY.
 */
int config_read_all(struct config_build *build, struct config *config, struct text kind, size_t bytes,
                    int (*read)(struct config_build *build, const struct config *config, const struct config_document *document, void *item), void **items, size_t *n) MUST_CHECK;

/* From a compile function: @document has a problem at key @path ("learns.event"; NULL: the whole). Returns ERROR_INVALID. */
int config_problem(struct config_build *build, const struct config_document *document, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * From a compile function: the lasting number of @name, which is the next one when it has none yet. Call it for new names
 * in an order that does not depend on files. Errors: ERROR_LIMIT (@n_max names have one already), ERROR_MEMORY.
 */
int config_lasting_number(struct config *config, struct text name, size_t n_max, size_t *number) MUST_CHECK;

/* Read *.yaml and *.yml of @folder in the order of their names. Errors: ERROR_IO, ERROR_NOT_FOUND, ERROR_LIMIT, ERROR_MEMORY. */
int config_files_read(struct arena *arena, const char *folder, struct config_file **files, size_t *n) MUST_CHECK;

/* Of config_build: what config_says asks. Errors: ERROR_MEMORY. */
int config_words_gather(struct config *config) MUST_CHECK;

#endif
