/*
 * yaml_tree.h: YAML documents as trees that know where they stand in their file.
 *
 * A plain subset: maps, lists, scalars; no anchors, no tags, no merging. Bounded in size and depth.
 */
#ifndef ATTUNE_BASE_YAML_TREE_H
#define ATTUNE_BASE_YAML_TREE_H

#include "base/memory.h"
#include "base/text.h"

enum { YAML_BYTES_MAX = 100 * 1024, YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 50000 };

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
	enum yaml_type type;
	struct text text;     /* Of a scalar. */
	bool quoted;          /* A quoted scalar is a text whatever it looks like. */
	uint32_t line, column; /* From 1. */
	struct text key;      /* Its key when it stands in a map. */
	uint32_t key_line, key_column;
	struct yaml *first, *next; /* Children, siblings; in the order of the file. */
};

struct yaml_problem {
	uint32_t line, column;
	char message[200];
};

/*
 * Parse all documents of @text into @arena; *@documents is the first, the others follow by next.
 * Errors: ERROR_INVALID (@problem says where and what), ERROR_LIMIT (same), ERROR_MEMORY.
 */
int yaml_parse(struct arena *arena, struct text text, struct yaml **documents, struct yaml_problem *problem) MUST_CHECK;

const struct yaml *yaml_get(const struct yaml *map, const char *key); /* NULL without. */
bool yaml_is_null(const struct yaml *node);                           /* Absent, empty, null or ~, unquoted. */

#endif
