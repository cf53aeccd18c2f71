/* config_build.c: checking and compiling documents. */
#include "engine/config_build.h"

#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { CONFIG_ARENA_BYTES = 64 * 1024 * 1024, FILES_MAX = 1000, SUGGESTION_DISTANCE_MAX = 3, SLOTS = 32 * 1024 };
_Static_assert(SLOTS >= 2 * CONFIG_DOCUMENTS_MAX && (SLOTS & (SLOTS - 1)) == 0, "the table of documents stays at most half full");

struct config_build {
	const struct config_kinds *kinds;
	struct config *config;
	void (*problem)(void *, const struct config_problem *);
	void *arg;
	struct text file;
	size_t problems;
	const struct yaml **nodes; /* Of the documents, for the places of problems. */
	size_t nodes_n, nodes_capacity, documents_capacity;
	struct config_document *documents;
	uint16_t *slots;           /* By kind and name: the document's number and one; 0: free. */
};

static void say(struct config_build *build, struct text file, uint32_t line, uint32_t column, const char *message)
{
	struct config_problem problem = {.file = file, .line = line, .column = column};
	snprintf(problem.message, sizeof problem.message, "%s", message);
	build->problems++;
	if (build->problem)
		build->problem(build->arg, &problem);
}

static void say_at(struct config_build *build, const struct yaml *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say_at(struct config_build *build, const struct yaml *node, const char *format, ...)
{
	char message[240];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	bool keyed = node->key.n > 0;
	say(build, build->file, keyed ? node->key_line : node->line, keyed ? node->key_column : node->column, message);
}

int config_read_all(struct config_build *build, struct config *config, struct text kind, size_t bytes,
                    int (*read)(struct config_build *build, const struct config *config, const struct config_document *document, void *item), void **items, size_t *n)
{
	const struct config_document *document;
	size_t count = 0;
	int error = 0;
	for (size_t at = 0; config_next(config, kind, &at);)
		count++;
	uint8_t *room = arena_zero_alloc(config->arena, count + 1, bytes);
	if (!room)
		return ERROR_MEMORY;
	*items = room;
	*n = count;
	for (size_t at = 0; (document = config_next(config, kind, &at)); room += bytes) {
		int failed = read(build, config, document, room);
		error = failed ? failed : error;
	}
	return error;
}

int config_problem(struct config_build *build, const struct config_document *document, const char *path, const char *format, ...)
{
	char message[240];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	const struct yaml *node = build->nodes[document - build->config->documents];
	struct text rest = text_of(path), part;
	while (path && node && text_next(&rest, '.', &part)) {
		const struct yaml *child = node->first;
		while (child && !text_equal(child->key, part))
			child = child->next;
		node = child ? child : node;
	}
	build->file = document->file;
	say_at(build, node, "%s", message);
	return ERROR_INVALID;
}

/* ---- checking ---- */

/* The nearest of the names in @keys to @word, when it is near; "" otherwise. */
static const char *nearest(const struct config_key *keys, struct text word)
{
	const char *best = "";
	size_t distance = SUGGESTION_DISTANCE_MAX + 1;
	for (; keys->name; keys++) {
		size_t d = text_distance(text_of(keys->name), word);
		if (d < distance) {
			distance = d;
			best = keys->name;
		}
	}
	return best;
}

static bool is_choice(const char *choices, struct text word)
{
	struct text rest = text_of(choices), choice;
	while (text_next(&rest, ' ', &choice))
		if (text_equal(choice, word))
			return true;
	return false;
}

static bool is_yes_no(struct text text, bool *value)
{
	*value = text_equal(text, TEXT("true")) || text_equal(text, TEXT("yes"));
	return *value || text_equal(text, TEXT("false")) || text_equal(text, TEXT("no"));
}

static void map_check(struct config_build *build, const struct yaml *map, const struct config_key *keys, bool top);

/* A text is a text even if it looks like a number: "title: 2024". */
static bool text_take(struct yaml *node)
{
	if (node->type != YAML_SCALAR || node->text.n == 0 || yaml_is_null(node))
		return false;
	node->quoted = true;
	return true;
}

/* Check @node, and settle what its scalar means where the key says so. */
static void value_check_type(struct config_build *build, struct yaml *node, const struct config_key *key)
{
	double number;
	bool flag;
	bool scalar = node->type == YAML_SCALAR;
	switch (key->type) {
	case CONFIG_TEXT:
		if (!text_take(node))
			say_at(build, node, "\"%s\" must be a text", key->name);
		else if (key->choices && !is_choice(key->choices, node->text))
			say_at(build, node, "\"%s\" must be one of: %s", key->name, key->choices);
		break;
	case CONFIG_NUMBER:
		if (!scalar || text_to_double(node->text, &number) != 0)
			say_at(build, node, "\"%s\" must be a number", key->name);
		node->quoted = false;
		break;
	case CONFIG_YES_NO:
		if (!scalar || !is_yes_no(node->text, &flag))
			say_at(build, node, "\"%s\" must be true or false", key->name);
		else
			node->text = flag ? TEXT("true") : TEXT("false");
		node->quoted = false;
		break;
	case CONFIG_TEXTS:
		if (node->type != YAML_LIST)
			say_at(build, node, "\"%s\" must be a list", key->name);
		else
			for (struct yaml *item = node->first; item; item = item->next)
				if (!text_take(item))
					say_at(build, item, "an item of \"%s\" must be a text", key->name);
		break;
	case CONFIG_LIST:
		if (node->type != YAML_LIST)
			say_at(build, node, "\"%s\" must be a list", key->name);
		else if (key->keys)
			for (const struct yaml *item = node->first; item; item = item->next) {
				if (item->type != YAML_MAP)
					say_at(build, item, "an item of \"%s\" must be a map", key->name);
				else
					map_check(build, item, key->keys, false);
			}
		break;
	case CONFIG_MAP:
		if (node->type != YAML_MAP)
			say_at(build, node, "\"%s\" must be a map", key->name);
		else if (key->keys)
			map_check(build, node, key->keys, false);
		break;
	case CONFIG_ANY:
		break;
	}
}

static void map_check(struct config_build *build, const struct yaml *map, const struct config_key *keys, bool top)
{
	for (struct yaml *node = map->first; node; node = node->next) {
		const struct config_key *key = keys;
		if (top && (text_equal(node->key, TEXT("kind")) || text_equal(node->key, TEXT("name"))))
			continue;
		while (key->name && !text_equal(node->key, text_of(key->name)))
			key++;
		if (key->name) {
			value_check_type(build, node, key);
			continue;
		}
		const char *near = nearest(keys, node->key);
		if (*near)
			say_at(build, node, "there is no key \"%.*s\"; did you mean \"%s\"?", TEXT_ARGS(node->key), near);
		else
			say_at(build, node, "there is no key \"%.*s\" here", TEXT_ARGS(node->key));
	}
	for (const struct config_key *key = keys; key->name; key++)
		if (key->required && !yaml_get(map, key->name))
			say_at(build, map, "\"%s\" is missing", key->name);
}

static const struct config_kind *kind_find(const struct config_kinds *kinds, struct text name)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (text_equal(text_of(kinds->kinds[i]->name), name))
			return kinds->kinds[i];
	return NULL;
}

/* ---- values ---- */

static void scalar_put(struct buffer *out, const struct yaml *node)
{
	int64_t whole;
	double real;
	if (node->quoted)
		value_put_text(out, node->text);
	else if (yaml_is_null(node))
		value_put_null(out);
	else if (text_equal(node->text, TEXT("true")) || text_equal(node->text, TEXT("false")))
		value_put_bool(out, node->text.p[0] == 't');
	else if (text_to_int64(node->text, &whole) == 0)
		value_put_int(out, whole);
	else if (text_to_double(node->text, &real) == 0)
		value_put_double(out, real);
	else
		value_put_text(out, node->text);
}

static void node_put(struct buffer *out, const struct yaml *node)
{
	if (node->type == YAML_SCALAR) {
		scalar_put(out, node);
		return;
	}
	size_t opened = value_open(out, node->type == YAML_LIST ? VALUE_ARRAY : VALUE_OBJECT);
	for (const struct yaml *child = node->first; child; child = child->next) {
		if (node->type == YAML_MAP)
			value_put_key(out, child->key);
		node_put(out, child);
	}
	value_close(out, opened);
}

/* ---- building ---- */

static const char *kind_nearest(const struct config_kinds *kinds, struct text word)
{
	const char *best = "";
	size_t distance = SUGGESTION_DISTANCE_MAX + 1;
	for (size_t i = 0; i < kinds->n; i++) {
		size_t d = text_distance(text_of(kinds->kinds[i]->name), word);
		if (d < distance) {
			distance = d;
			best = kinds->kinds[i]->name;
		}
	}
	return best;
}

/* Where the document of that kind and name stands in the table, or the free place where it belongs. */
static uint16_t *slot_of(const struct config_build *build, struct text kind, struct text name)
{
	for (size_t at = XXH3_64bits_withSeed(name.p, name.n, XXH3_64bits(kind.p, kind.n));; at++) {
		uint16_t *slot = &build->slots[at & (SLOTS - 1)];
		const struct config_document *document = *slot ? &build->documents[*slot - 1] : NULL;
		if (!document || (text_equal(document->kind, kind) && text_equal(document->name, name)))
			return slot;
	}
}

static int document_add(struct config_build *build, const struct yaml *node)
{
	struct config *config = build->config;
	const struct yaml *kind_node = yaml_get(node, "kind"), *name_node = yaml_get(node, "name");
	if (node->type != YAML_MAP || !kind_node || !name_node || name_node->type != YAML_SCALAR || name_node->text.n == 0) {
		say_at(build, node, "a document needs \"kind\" and \"name\"");
		return 0;
	}
	const struct config_kind *kind = kind_find(build->kinds, kind_node->text);
	if (!kind) {
		const char *near = kind_nearest(build->kinds, kind_node->text);
		say_at(build, kind_node, *near ? "there is no kind \"%.*s\"; did you mean \"%s\"?" : "there is no kind \"%.*s\"%s",
		       TEXT_ARGS(kind_node->text), near);
		return 0;
	}
	uint16_t *slot = slot_of(build, kind_node->text, name_node->text);
	if (*slot)
		say_at(build, name_node, "there is a %s \"%.*s\" already, in %.*s line %u", kind->name, TEXT_ARGS(name_node->text),
		       TEXT_ARGS(build->documents[*slot - 1].file), build->documents[*slot - 1].line);
	map_check(build, node, kind->keys, true);
	if (config->documents_n >= CONFIG_DOCUMENTS_MAX)
		return ERROR_LIMIT;
	if (memory_grow(&build->documents, &build->documents_capacity, config->documents_n + 1, sizeof *build->documents) != 0 ||
	    memory_grow(&build->nodes, &build->nodes_capacity, config->documents_n + 1, sizeof *build->nodes) != 0)
		return ERROR_MEMORY;
	struct buffer body = BUFFER_INIT(CONFIG_BYTES_MAX);
	node_put(&body, node);
	struct text copy = body.failed ? (struct text){0} : text_copy(config->arena, buffer_view(&body));
	buffer_free(&body);
	if (!copy.p)
		return ERROR_MEMORY;
	build->nodes[config->documents_n] = node;
	build->documents[config->documents_n++] = (struct config_document){
		.kind = kind_node->text, .name = name_node->text, .body = {(const uint8_t *)copy.p, copy.n}, .file = build->file,
		.line = node->line};
	if (!*slot)
		*slot = (uint16_t)config->documents_n;
	return 0;
}

static int file_add(struct config_build *build, const struct config_file *file)
{
	struct yaml *documents;
	struct yaml_problem problem;
	build->file = text_copy(build->config->arena, file->name);
	struct text text = text_copy(build->config->arena, file->text);
	if (!build->file.p || !text.p)
		return ERROR_MEMORY;
	int error = yaml_parse(build->config->arena, text, &documents, &problem);
	if (error == ERROR_INVALID || error == ERROR_LIMIT) {
		say(build, build->file, problem.line, problem.column, problem.message);
		return 0;
	}
	for (const struct yaml *node = error ? NULL : documents; node && !error; node = node->next)
		error = document_add(build, node);
	return error;
}

static int sections_compile(struct config_build *build)
{
	struct config *config = build->config;
	int error = 0;
	config->mark = 1;
	for (size_t i = 0; i < build->kinds->n && (!error || error == ERROR_INVALID); i++) {
		const struct config_kind *kind = build->kinds->kinds[i];
		if (kind->compile) {
			int failed = kind->compile(build, config, &config->sections[kind->section]);
			error = failed ? failed : error;
		}
		size_t at = 0;
		const struct config_document *document;
		while (kind->shapes_states && (document = config_next(config, text_of(kind->name), &at)))
			config->mark = XXH3_64bits_withSeed(document->body.p, document->body.n, config->mark);
	}
	return error == ERROR_INVALID ? 0 : error;
}

int config_lasting_number(struct config *config, struct text name, size_t n_max, size_t *number)
{
	struct config_lasting *lasting = &config->lasting;
	for (*number = 0; *number < lasting->n; ++*number)
		if (text_equal(lasting->names[*number], name))
			return 0;
	if (lasting->n >= n_max || lasting->n == CONFIG_LASTING_MAX)
		return ERROR_LIMIT;
	struct text copy = text_copy(config->arena, name);
	if (!copy.p)
		return ERROR_MEMORY;
	lasting->names[lasting->n++] = copy;
	return 0;
}

static int lasting_copy(struct config *config, const struct config_lasting *lasting)
{
	int error = 0;
	size_t number;
	for (size_t i = 0; i < lasting->n && !error; i++)
		error = config_lasting_number(config, lasting->names[i], CONFIG_LASTING_MAX, &number);
	return error;
}

int config_build(struct config **out, const struct config_kinds *kinds, const struct config_version *from,
                 void (*problem)(void *, const struct config_problem *), void *arg)
{
	struct config *config = memory_zero_alloc(1, sizeof *config);
	struct arena *arena = memory_zero_alloc(1, sizeof *arena);
	if (!config || !arena) {
		memory_free(config);
		memory_free(arena);
		return ERROR_MEMORY;
	}
	arena_init(arena, CONFIG_ARENA_BYTES);
	config->arena = arena;
	config->version = from->version;
	struct config_build build = {.kinds = kinds, .config = config, .problem = problem, .arg = arg, .slots = memory_zero_alloc(SLOTS, sizeof *build.slots)};
	int error = build.slots ? lasting_copy(config, &from->lasting) : ERROR_MEMORY;
	for (size_t i = 0; i < from->files_n && !error; i++)
		error = file_add(&build, &from->files[i]);
	if (!error) {
		struct config_document *copy = arena_alloc(arena, config->documents_n * sizeof *copy + 1);
		if (copy && config->documents_n)
			memcpy(copy, build.documents, config->documents_n * sizeof *copy);
		config->documents = copy;
		error = copy ? sections_compile(&build) : ERROR_MEMORY;
		if (!error)
			error = config_words_gather(config);
	}
	memory_free(build.documents);
	memory_free(build.nodes);
	memory_free(build.slots);
	if (!error && build.problems)
		error = ERROR_INVALID;
	if (error) {
		config_free(config);
		return error;
	}
	*out = config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	struct arena *arena = config->arena;
	arena_free(arena);
	memory_free(arena);
	memory_free(config);
}

/* ---- files ---- */

static int file_read(struct arena *arena, int folder, const char *name, struct config_file *file)
{
	struct stat status;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERROR_IO;
	int error = fstat(fd, &status) != 0 ? ERROR_IO : status.st_size > CONFIG_BYTES_MAX ? ERROR_LIMIT : 0;
	size_t bytes = error ? 0 : (size_t)status.st_size;
	char *p = error ? NULL : arena_alloc(arena, bytes + 1);
	if (!error && !p)
		error = ERROR_MEMORY;
	if (!error && read(fd, p, bytes) != (ssize_t)bytes)
		error = ERROR_IO;
	close(fd);
	if (error)
		return error;
	*file = (struct config_file){text_copy(arena, text_of(name)), {p, bytes}};
	return file->name.p ? 0 : ERROR_MEMORY;
}

static int compare_files(const void *a, const void *b)
{
	return text_compare(((const struct config_file *)a)->name, ((const struct config_file *)b)->name);
}

int config_files_read(struct arena *arena, const char *path, struct config_file **files, size_t *n)
{
	DIR *folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;
	struct config_file *found = arena_alloc(arena, FILES_MAX * sizeof *found);
	int error = found ? 0 : ERROR_MEMORY;
	size_t count = 0;
	for (const char *item; !error && !(error = folder_next(folder, &item)) && item;) {
		struct text name = text_of(item);
		if (!text_ends(name, TEXT(".yaml")) && !text_ends(name, TEXT(".yml")))
			continue;
		error = count == FILES_MAX ? ERROR_LIMIT : file_read(arena, dirfd(folder), item, &found[count++]);
	}
	closedir(folder);
	if (error)
		return error;
	qsort(found, count, sizeof *found, compare_files);
	*files = found;
	*n = count;
	return 0;
}
