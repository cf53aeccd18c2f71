/* layers_api.c: the five layers with live counts: the picture, what a limit reaches, what an experience needs, a walk. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/layers.h"

#include "base/clock.h"

enum { EVENTS_MAX = 50 * 1000 * 1000, DAYS = 7, UNBOUND_MAX = 50 };

static int events_count(struct request *request, struct layers_picture *picture)
{
	struct engine *engine = request->server->engine;
	struct traffic_names names = {dictionary_seek, engine_dictionary(engine), picture->names_n};
	struct customer_rows rows;
	int error = customer_rows_take(&rows, engine, request->now_ms - (int64_t)DAYS * MS_A_DAY, request->now_ms + 1, EVENTS_MAX);
	uint32_t *last = arena_zero_alloc(request->arena, picture->names_n, sizeof *last);
	if (!error && !last)
		error = ERROR_MEMORY;
	for (size_t i = 0; !error && i < rows.n; i++) {
		uint16_t name = rows.items[i].name;
		if (name >= picture->names_n)
			continue;
		picture->names[name]++;
		picture->name_customers[name] += last[name] != rows.items[i].customer; /* Rows come a customer at a time. */
		last[name] = rows.items[i].customer;
	}
	if (!error)
		error = layers_traffic(picture->view.layers, &names, &rows, picture->seen, picture->bound);
	customer_rows_free(&rows);
	return error;
}

/* Figures of fewer customers than may be shown are not shown. */
static void small_hide(struct request *request, struct layers_picture *picture)
{
	for (size_t i = 0; i < picture->view.layers->n; i++)
		if (picture->seen[i].customers && picture->seen[i].customers < request->server->settings.aggregate_min)
			picture->seen[i] = (struct layers_seen){-1, -1};
}

static bool map_read(struct request *request, enum layers_map *map)
{
	struct text word = http_query(request->http, "map");
	*map = MAP_IS;
	if (word.n == 0 || layers_map_parse(word, map) == 0)
		return true;
	reply_error(request, 400, "bad_map", "\"map\" is is, must-be or should-be.");
	return false;
}

/* Gather what every answer needs; false when an error was answered. */
bool layers_picture_take(struct request *request, struct layers_picture *picture)
{
	struct engine *engine = request->server->engine;
	const struct layers *layers = layers_of(engine_config(engine));
	if (layers->n == 0) {
		reply_error(request, 404, "no_layers", "There is no picture of the layers yet: write documents of kind experience, interaction, procedure and system.");
		return false;
	}
	*picture = (struct layers_picture){.names_n = dictionary_count(engine_dictionary(engine)) + 1};
	if (!map_read(request, &picture->map))
		return false;
	picture->seen = arena_zero_alloc(request->arena, layers->n, sizeof *picture->seen);
	picture->names = arena_zero_alloc(request->arena, picture->names_n, sizeof *picture->names);
	picture->name_customers = arena_zero_alloc(request->arena, picture->names_n, sizeof *picture->name_customers);
	picture->bound = arena_zero_alloc(request->arena, picture->names_n, sizeof *picture->bound);
	picture->view = (struct layers_view){layers, picture->seen, request->arena};
	int error = picture->seen && picture->names && picture->name_customers && picture->bound ? 0 : ERROR_MEMORY;
	if (!error)
		error = events_count(request, picture);
	if (error) {
		reply_failure(request, error);
		return false;
	}
	small_hide(request, picture);
	return true;
}

static void unbound_write(struct request *request, const struct layers_picture *picture)
{
	struct json_writer *out = &request->out;
	size_t n = 0;
	json_key(out, TEXT("unbound"));
	json_array_begin(out);
	for (uint32_t i = 1; i < picture->names_n && n < UNBOUND_MAX; i++) {
		if (!picture->names[i] || picture->bound[i] || !behind_may_show(request, picture->name_customers[i]))
			continue;
		json_object_begin(out);
		json_put_text(out, "event", dictionary_name(engine_dictionary(request->server->engine), i));
		json_put_int(out, "events_a_week", (int64_t)picture->names[i]);
		json_object_end(out);
		n++;
	}
	json_array_end(out);
}

void api_layers(struct request *request)
{
	struct layers_picture picture;
	if (!layers_picture_take(request, &picture))
		return;
	json_object_begin(&request->out);
	int error = layers_write(&request->out, &picture.view);
	unbound_write(request, &picture);
	json_object_end(&request->out);
	if (error)
		reply_failure(request, error);
}

void api_layers_ripple(struct request *request)
{
	struct layers_picture picture;
	struct layers_change change;
	char problem[200];
	if (!layers_picture_take(request, &picture))
		return;
	if (layers_change_parse(picture.view.layers, picture.map, http_query(request->http, "if"), &change, problem) != 0)
		return reply_error(request, 400, "bad_change", "%s", problem);
	json_object_begin(&request->out);
	int error = layers_write_ripple(&request->out, &picture.view, picture.map, &change);
	json_object_end(&request->out);
	if (error)
		reply_failure(request, error);
}

/* The node of the path, with the picture that it is in; false when an error was answered. */
static bool node_take(struct request *request, struct layers_picture *picture, uint32_t *node)
{
	if (!layers_picture_take(request, picture))
		return false;
	const struct layer_node *found = layers_find(picture->view.layers, request->parameters[0]);
	if (!found)
		reply_error(request, 404, "no_node", "Nothing in the layers is called \"%.*s\".", TEXT_ARGS(request->parameters[0]));
	*node = found ? (uint32_t)(found - picture->view.layers->nodes) : 0;
	return found;
}

void api_layers_trace(struct request *request)
{
	struct layers_picture picture;
	uint32_t node;
	if (!node_take(request, &picture, &node))
		return;
	json_object_begin(&request->out);
	int error = layers_write_trace(&request->out, &picture.view, picture.map, node);
	json_object_end(&request->out);
	if (error)
		reply_failure(request, error);
}

void api_layers_walk(struct request *request)
{
	struct layers_picture picture;
	struct walk walk;
	uint32_t node;
	if (!node_take(request, &picture, &node))
		return;
	int error = layers_walk(&walk, picture.view.layers, node, picture.map, http_query(request->http, "channel"), request->arena);
	if (error == ERROR_INVALID)
		return reply_error(request, 400, "no_experience", "Only an experience can be walked, and \"%.*s\" is none.", TEXT_ARGS(request->parameters[0]));
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	error = layers_write_walk(&request->out, &picture.view, node, &walk);
	json_object_end(&request->out);
	if (error)
		reply_failure(request, error);
}
