/* yaml_tree.c: YAML documents, on libyaml's parser events. */
#include "base/yaml_tree.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct build {
	struct arena *arena;
	yaml_parser_t parser;
	struct yaml_problem *problem;
	size_t nodes;
};

static int problem_set(struct build *build, yaml_mark_t mark, const char *message)
{
	*build->problem = (struct yaml_problem){.line = (uint32_t)mark.line + 1, .column = (uint32_t)mark.column + 1};
	snprintf(build->problem->message, sizeof build->problem->message, "%s", message);
	return ERROR_INVALID;
}

static int take(struct build *build, yaml_event_t *event)
{
	if (yaml_parser_parse(&build->parser, event))
		return 0;
	if (build->parser.error == YAML_MEMORY_ERROR)
		return ERROR_MEMORY;
	return problem_set(build, build->parser.problem_mark, build->parser.problem ? build->parser.problem : "not YAML");
}

static struct yaml *node_new(struct build *build, enum yaml_type type, yaml_mark_t mark)
{
	struct yaml *node = ++build->nodes <= YAML_NODES_MAX ? arena_zero_alloc(build->arena, 1, sizeof *node) : NULL;
	if (node) {
		node->type = type;
		node->line = (uint32_t)mark.line + 1;
		node->column = (uint32_t)mark.column + 1;
	}
	return node;
}

static int scalar_text(struct build *build, const yaml_event_t *event, struct text *text)
{
	*text = text_copy(build->arena, (struct text){(const char *)event->data.scalar.value, event->data.scalar.length});
	return text->p ? 0 : ERROR_MEMORY;
}

static int node_build(struct build *build, yaml_event_t *event, unsigned depth, struct yaml **out);

/* The children of a list or a map, up to its end. */
static int children_build(struct build *build, struct yaml *parent, unsigned depth)
{
	struct yaml **link = &parent->first;
	yaml_event_type_t end = parent->type == YAML_LIST ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;
	for (;;) {
		yaml_event_t event;
		struct text key = {0};
		int error = take(build, &event);
		if (error)
			return error;
		yaml_mark_t mark = event.start_mark;
		if (event.type == end) {
			yaml_event_delete(&event);
			return 0;
		}
		if (parent->type == YAML_MAP) {
			error = event.type == YAML_SCALAR_EVENT ? scalar_text(build, &event, &key)
			                                        : problem_set(build, mark, "a key must be a plain text");
			yaml_event_delete(&event);
			if (!error)
				for (const struct yaml *child = parent->first; child && !error; child = child->next)
					if (text_equal(child->key, key))
						error = problem_set(build, mark, "this key stands here twice");
			if (!error)
				error = take(build, &event);
			if (error)
				return error;
		}
		error = node_build(build, &event, depth + 1, link);
		if (error)
			return error;
		(*link)->key = key;
		(*link)->key_line = (uint32_t)mark.line + 1;
		(*link)->key_column = (uint32_t)mark.column + 1;
		link = &(*link)->next;
	}
}

/* The node that begins with @event, which is used up. */
static int node_build(struct build *build, yaml_event_t *event, unsigned depth, struct yaml **out)
{
	yaml_mark_t mark = event->start_mark;
	enum yaml_type type = event->type == YAML_SCALAR_EVENT ? YAML_SCALAR :
	                      event->type == YAML_SEQUENCE_START_EVENT ? YAML_LIST : YAML_MAP;
	int error = 0;
	if (event->type == YAML_ALIAS_EVENT)
		error = problem_set(build, mark, "anchors and aliases are not used here: write it out");
	else if (depth > YAML_DEPTH_MAX)
		error = problem_set(build, mark, "nested too deeply");
	struct yaml *node = error ? NULL : node_new(build, type, mark);
	if (!error && !node)
		error = build->nodes > YAML_NODES_MAX ? problem_set(build, mark, "the file is too large") : ERROR_MEMORY;
	if (!error && type == YAML_SCALAR) {
		error = scalar_text(build, event, &node->text);
		node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	}
	yaml_event_delete(event);
	if (error)
		return error;
	*out = node;
	return type == YAML_SCALAR ? 0 : children_build(build, node, depth);
}

static int documents_build(struct build *build, struct yaml **documents)
{
	struct yaml **link = documents;
	for (;;) {
		yaml_event_t event;
		int error = take(build, &event);
		if (error)
			return error;
		yaml_event_type_t type = event.type;
		if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT || type == YAML_DOCUMENT_END_EVENT) {
			yaml_event_delete(&event);
			continue;
		}
		if (type == YAML_STREAM_END_EVENT) {
			yaml_event_delete(&event);
			return 0;
		}
		error = node_build(build, &event, 1, link);
		if (error)
			return error;
		if (yaml_is_null(*link)) /* An empty document between two lines of dashes. */
			*link = NULL;
		else
			link = &(*link)->next;
	}
}

int yaml_parse(struct arena *arena, struct text text, struct yaml **documents, struct yaml_problem *problem)
{
	struct build build = {.arena = arena, .problem = problem};
	*problem = (struct yaml_problem){.line = 1, .column = 1};
	if (text.n > YAML_BYTES_MAX) {
		snprintf(problem->message, sizeof problem->message, "the file has more than %d bytes", YAML_BYTES_MAX);
		return ERROR_LIMIT;
	}
	if (!yaml_parser_initialize(&build.parser))
		return ERROR_MEMORY;
	yaml_parser_set_input_string(&build.parser, (const unsigned char *)text.p, text.n);
	*documents = NULL;
	int error = documents_build(&build, documents);
	yaml_parser_delete(&build.parser);
	return error;
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	if (!map || map->type != YAML_MAP)
		return NULL;
	for (const struct yaml *child = map->first; child; child = child->next)
		if (text_equal(child->key, text_of(key)))
			return child;
	return NULL;
}

bool yaml_is_null(const struct yaml *node)
{
	if (!node)
		return true;
	return node->type == YAML_SCALAR && !node->quoted &&
	       (node->text.n == 0 || text_equal(node->text, TEXT("null")) || text_equal(node->text, TEXT("~")));
}
