/* layers.c: from documents to the graph. */
#include "measure/layers/layers.h"

#include "measure/layers/limits.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define MAP_KEYS                                                                                                          \
	{.name = "takes", .type = CONFIG_TEXT}, {.name = "p99", .type = CONFIG_TEXT}, {.name = "hours", .type = CONFIG_TEXT}, \
	{.name = "freshness", .type = CONFIG_TEXT}, {.name = "availability", .type = CONFIG_TEXT},                           \
	{.name = "capacity", .type = CONFIG_TEXT}

static const struct config_key limit_keys[] = {MAP_KEYS, {.name = NULL}};

/* The maps a node is in, when not in all; and its limits as they must and should be. */
#define OVERLAY_KEYS                                                                                                                 \
	{.name = "maps", .type = CONFIG_TEXTS}, {.name = "must_be", .type = CONFIG_MAP, .keys = limit_keys},                             \
	{.name = "should_be", .type = CONFIG_MAP, .keys = limit_keys}

static const struct config_key experience_keys[] = {
	{.name = "title", .type = CONFIG_TEXT}, {.name = "for", .type = CONFIG_TEXTS}, {.name = "feel", .type = CONFIG_TEXT},
	{.name = "owner", .type = CONFIG_TEXT}, {.name = "promises", .type = CONFIG_TEXTS}, {.name = "must", .type = CONFIG_TEXTS},
	{.name = "steps", .type = CONFIG_TEXTS, .required = true}, {.name = "goal", .type = CONFIG_TEXT, .choices = "outward inward"},
	{.name = "prototype", .type = CONFIG_YES_NO}, OVERLAY_KEYS, {.name = NULL}};
static const struct config_key interaction_keys[] = {
	{.name = "title", .type = CONFIG_TEXT}, {.name = "need", .type = CONFIG_TEXT}, {.name = "owner", .type = CONFIG_TEXT},
	{.name = "at", .type = CONFIG_TEXTS, .required = true}, {.name = "needs", .type = CONFIG_TEXTS},
	{.name = "events", .type = CONFIG_TEXTS}, {.name = "promises", .type = CONFIG_TEXTS}, OVERLAY_KEYS, {.name = NULL}};
static const struct config_key procedure_keys[] = {
	{.name = "title", .type = CONFIG_TEXT}, {.name = "owner", .type = CONFIG_TEXT}, {.name = "takes", .type = CONFIG_TEXT},
	{.name = "hours", .type = CONFIG_TEXT}, {.name = "needs", .type = CONFIG_TEXTS}, OVERLAY_KEYS, {.name = NULL}};
static const struct config_key system_keys[] = {
	{.name = "title", .type = CONFIG_TEXT}, {.name = "owner", .type = CONFIG_TEXT}, {.name = "hours", .type = CONFIG_TEXT},
	{.name = "sort", .type = CONFIG_TEXT, .choices = "software facility rule law people"},
	{.name = "limits", .type = CONFIG_MAP, .keys = limit_keys}, {.name = "needs", .type = CONFIG_TEXTS}, OVERLAY_KEYS, {.name = NULL}};

/* The keys that hold a node's needs, by layer: those of which any one is enough, and those that are all needed. */
static const struct {
	const char *kind, *any, *all;
} of_layer[LAYERS_N] = {
	{"experience", "", "steps"}, {"interaction", "at", "needs"}, {"touchpoint", "", "needs"}, {"procedure", "", "needs"}, {"system", "", "needs"}};

const char *layer_name(enum layer layer)
{
	return of_layer[layer].kind;
}

static const char *article(enum layer layer)
{
	return layer <= LAYER_INTERACTION ? "an" : "a";
}

/* ---- building ---- */

struct building {
	struct config_build *build;
	struct config *config;
	const struct promise_rules *promises;
	struct layer_node *nodes; /* As documents stand. */
	size_t n;
	uint32_t *slots;          /* Hash table of ids: a node's index + 1, 0: free. */
	size_t slots_mask;
	uint32_t *edges;
	size_t edges_n;
	int error;
};

static void *take(struct building *building, size_t n, size_t bytes)
{
	void *p = arena_zero_alloc(building->config->arena, n + 1, bytes);
	if (!p)
		building->error = ERROR_MEMORY;
	return p;
}

static size_t items_of(struct value list)
{
	struct value_cursor cursor = {0};
	struct value item;
	size_t n = 0;
	while (value_next_item(&cursor, list, &item))
		n++;
	return n;
}

static struct text member(const struct config_document *document, const char *key)
{
	return value_text(value_get(document->body, text_of(key)));
}

static void wrong(struct building *building, const struct config_document *document, const char *path, const char *problem)
{
	building->error = config_problem(building->build, document, path, "%s", problem);
}

static void limits_take(struct building *building, const struct config_document *document, const char *path, struct limits *limits)
{
	static const char *const keys[] = {"takes", "p99", "hours", "freshness", "availability", "capacity"};
	struct value map = *path ? value_get(document->body, text_of(path)) : document->body;
	char problem[200], where[64];
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct text value = value_text(value_get(map, text_of(keys[i])));
		if (!value.n || limits_set(limits, text_of(keys[i]), value, problem) == 0)
			continue;
		snprintf(where, sizeof where, "%s%s%s", path, *path ? "." : "", keys[i]);
		wrong(building, document, where, problem);
	}
}

int layers_map_parse(struct text text, enum layers_map *map)
{
	static const char *const names[MAPS_N] = {"is", "must-be", "should-be"};
	for (unsigned i = 0; i < MAPS_N; i++)
		if (text_equal(text, text_of(names[i]))) {
			*map = (enum layers_map)i;
			return 0;
		}
	return ERROR_INVALID;
}

/* A node named in "maps" is in those alone. */
static void maps_take(struct building *building, struct layer_node *node)
{
	struct value maps = value_get(node->document->body, TEXT("maps")), item;
	struct value_cursor cursor = {0};
	if (value_type_of(maps) == VALUE_ABSENT)
		return;
	for (size_t map = 0; map < MAPS_N; map++)
		node->removed[map] = true;
	while (value_next_item(&cursor, maps, &item)) {
		enum layers_map map;
		if (layers_map_parse(value_text(item), &map) == 0)
			node->removed[map] = false;
		else
			wrong(building, node->document, "maps", "maps are is, must-be and should-be.");
	}
}

static void node_take(struct building *building, const struct config_document *document, enum layer layer)
{
	struct layer_node *node = &building->nodes[building->n++];
	struct text title = member(document, "title"), sort = member(document, "sort");
	*node = (struct layer_node){
		.id = document->name, .title = title.n ? title : document->name, .owner = member(document, "owner"), .need = member(document, "need"),
		.sort = sort.n ? sort : layer == LAYER_SYSTEM ? TEXT("software") : TEXT(""), .layer = layer, .document = document,
		.inward = text_equal(member(document, "goal"), TEXT("inward")), .prototype = value_is_true(value_get(document->body, TEXT("prototype")))};
	if (layer == LAYER_EXPERIENCE && !node->need.n)
		node->need = member(document, "feel");
	node->own[MAP_IS] = limits_none();
	limits_take(building, document, "", &node->own[MAP_IS]);
	limits_take(building, document, "limits", &node->own[MAP_IS]);
	node->own[MAP_MUST_BE] = node->own[MAP_IS];
	limits_take(building, document, "must_be", &node->own[MAP_MUST_BE]);
	node->own[MAP_SHOULD_BE] = node->own[MAP_MUST_BE];
	limits_take(building, document, "should_be", &node->own[MAP_SHOULD_BE]);
	maps_take(building, node);
}

/* Where the node called @id stands in the table, or the free place where it belongs. */
static uint32_t *slot_of(const struct building *building, struct text id)
{
	for (size_t at = XXH3_64bits(id.p, id.n);; at++) {
		uint32_t *slot = &building->slots[at & building->slots_mask];
		if (!*slot || text_equal(building->nodes[*slot - 1].id, id))
			return slot;
	}
}

static void name_enter(struct building *building, uint32_t index)
{
	const struct layer_node *node = &building->nodes[index];
	uint32_t *slot = slot_of(building, node->id);
	if (!*slot) {
		*slot = index + 1;
		return;
	}
	const struct layer_node *other = &building->nodes[*slot - 1];
	building->error = config_problem(building->build, node->document, "name", "There is %s %s called \"%.*s\" as well: a name stands for one node.",
	                                 article(other->layer), layer_name(other->layer), TEXT_ARGS(node->id));
}

static void nodes_take(struct building *building)
{
	const struct config_document *document;
	size_t slots_n = 64;
	while (slots_n < 2 * building->config->documents_n)
		slots_n *= 2;
	building->slots_mask = slots_n - 1;
	building->nodes = take(building, building->config->documents_n, sizeof *building->nodes);
	building->slots = take(building, slots_n, sizeof *building->slots);
	for (unsigned layer = 0; layer < LAYERS_N && !building->error; layer++)
		for (size_t at = 0; (document = config_next(building->config, text_of(of_layer[layer].kind), &at));)
			node_take(building, document, (enum layer)layer);
	for (uint32_t i = 0; i < building->n && building->slots; i++)
		name_enter(building, i);
}

static void need_unknown(struct building *building, const struct layer_node *node, const char *key, struct text name)
{
	size_t best = SIZE_MAX, distance = name.n / 3 + 1;
	for (size_t i = 0; i < building->n; i++) {
		size_t d = text_distance(building->nodes[i].id, name);
		if (d < distance && building->nodes[i].layer >= node->layer) {
			distance = d;
			best = i;
		}
	}
	building->error = best == SIZE_MAX ?
		config_problem(building->build, node->document, key, "Nothing is called \"%.*s\".", TEXT_ARGS(name)) :
		config_problem(building->build, node->document, key, "Nothing is called \"%.*s\"; did you mean \"%.*s\"?", TEXT_ARGS(name),
		               TEXT_ARGS(building->nodes[best].id));
}

/* Does @to lie further inside than what @key of @node may name? */
static bool need_fits(const struct layer_node *node, const char *key, const struct layer_node *to)
{
	if (strcmp(key, "at") == 0)
		return to->layer == LAYER_TOUCHPOINT;
	return node->layer == LAYER_EXPERIENCE ? to->layer == LAYER_INTERACTION : to->layer > LAYER_TOUCHPOINT && to->layer >= node->layer;
}

static void needs_take(struct building *building, struct layer_node *node, const char *key)
{
	struct value list = value_get(node->document->body, text_of(key)), item;
	struct value_cursor cursor = {0};
	while (value_next_item(&cursor, list, &item)) {
		struct text name = value_text(item);
		uint32_t found = *slot_of(building, name);
		if (!found) {
			need_unknown(building, node, key, name);
			continue;
		}
		const struct layer_node *to = &building->nodes[found - 1];
		if (!need_fits(node, key, to))
			building->error = config_problem(building->build, node->document, key, "\"%.*s\" is %s %s: %s %s needs what lies further inside.",
			                                 TEXT_ARGS(name), article(to->layer), layer_name(to->layer), article(node->layer), layer_name(node->layer));
		building->edges[building->edges_n++] = found - 1;
		node->needs_n++;
	}
}

static void promises_bind(struct building *building, struct layer_node *node)
{
	struct value list = value_get(node->document->body, TEXT("promises")), item;
	struct value_cursor cursor = {0};
	uint32_t *bound = take(building, items_of(list), sizeof *bound);
	while (bound && value_next_item(&cursor, list, &item)) {
		size_t i = 0;
		while (i < building->promises->n && !text_equal(building->promises->items[i].name, value_text(item)))
			i++;
		if (i == building->promises->n)
			building->error = config_problem(building->build, node->document, "promises", "There is no promise \"%.*s\" (kind: promise).",
			                                 TEXT_ARGS(value_text(item)));
		else
			bound[node->promises_n++] = (uint32_t)i;
	}
	node->promises = bound;
}

static void edges_take(struct building *building)
{
	size_t n = 0;
	for (size_t i = 0; i < building->n; i++)
		n += items_of(value_get(building->nodes[i].document->body, text_of(of_layer[building->nodes[i].layer].any))) +
		     items_of(value_get(building->nodes[i].document->body, text_of(of_layer[building->nodes[i].layer].all)));
	building->edges = n > LAYER_EDGES_MAX ? NULL : take(building, n, sizeof *building->edges);
	if (n > LAYER_EDGES_MAX)
		building->error = ERROR_LIMIT;
	for (size_t i = 0; i < building->n && building->edges; i++) {
		struct layer_node *node = &building->nodes[i];
		node->needs = &building->edges[building->edges_n];
		needs_take(building, node, of_layer[node->layer].any);
		node->any_n = node->needs_n;
		needs_take(building, node, of_layer[node->layer].all);
		if (node->layer <= LAYER_INTERACTION)
			promises_bind(building, node);
	}
}

/* ---- order ---- */

/* What is left over needs itself: say along which way. */
static void circle_say(struct building *building, const uint32_t *waiting)
{
	char path[200];
	size_t written = 0;
	uint32_t at = 0;
	while (!waiting[at])
		at++;
	/* From any node left, walk to needs that are left, as many steps as there are nodes: then we are in a circle. */
	for (size_t step = 0; step < building->n + 6; step++) {
		const struct layer_node *node = &building->nodes[at];
		if (step >= building->n)
			written += (size_t)snprintf(path + written, sizeof path - written, "%s%.*s", written ? " needs " : "", (int)(node->id.n < 24 ? node->id.n : 24), node->id.p);
		for (size_t i = 0; i < node->needs_n; i++)
			if (waiting[node->needs[i]]) {
				at = node->needs[i];
				break;
			}
	}
	building->error = config_problem(building->build, building->nodes[at].document, "needs", "The needs go round in a circle: %s.", path);
}

/* Put nodes into an order in which each stands before what it needs (Kahn 1962), and renumber the edges. */
static void order_make(struct building *building, struct layers *layers)
{
	uint32_t *waiting = take(building, building->n, sizeof *waiting), *order = take(building, building->n, sizeof *order);
	uint32_t *place = take(building, building->n, sizeof *place);
	struct layer_node *sorted = take(building, building->n, sizeof *sorted);
	size_t done = 0, ready = 0;
	if (building->error)
		return;
	for (size_t i = 0; i < building->edges_n; i++)
		waiting[building->edges[i]]++;
	for (size_t i = 0; i < building->n; i++)
		if (!waiting[i])
			order[ready++] = (uint32_t)i;
	for (; done < ready; done++)
		for (size_t i = 0; i < building->nodes[order[done]].needs_n; i++)
			if (--waiting[building->nodes[order[done]].needs[i]] == 0)
				order[ready++] = building->nodes[order[done]].needs[i];
	if (done < building->n) {
		circle_say(building, waiting);
		return;
	}
	for (size_t i = 0; i < building->n; i++) {
		place[order[i]] = (uint32_t)i;
		sorted[i] = building->nodes[order[i]];
	}
	for (size_t i = 0; i < building->edges_n; i++) {
		building->edges[i] = place[building->edges[i]];
		sorted[building->edges[i]].needed_n++;
	}
	*layers = (struct layers){.nodes = sorted, .n = building->n, .promises = building->promises};
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct building building = {.build = build, .config = config, .promises = promise_rules(config)};
	struct layers *layers = take(&building, 1, sizeof *layers);
	if (!building.error)
		nodes_take(&building);
	if (!building.error)
		edges_take(&building);
	if (!building.error)
		order_make(&building, layers);
	if (!building.error)
		*section = layers;
	return building.error;
}

const struct config_kind experience_kind = {.name = "experience", .keys = experience_keys, .section = CONFIG_LAYERS, .compile = compile};
const struct config_kind interaction_kind = {.name = "interaction", .keys = interaction_keys, .section = CONFIG_LAYERS};
const struct config_kind procedure_kind = {.name = "procedure", .keys = procedure_keys, .section = CONFIG_LAYERS};
const struct config_kind system_kind = {.name = "system", .keys = system_keys, .section = CONFIG_LAYERS};

const struct layers *layers_of(const struct config *config)
{
	static const struct promise_rules no_promises;
	static const struct layers none = {.promises = &no_promises};
	const struct layers *layers = config ? config->sections[CONFIG_LAYERS] : NULL;
	return layers ? layers : &none;
}

const struct layer_node *layers_find(const struct layers *layers, struct text id)
{
	for (size_t i = 0; i < layers->n; i++)
		if (text_equal(layers->nodes[i].id, id))
			return &layers->nodes[i];
	return NULL;
}
