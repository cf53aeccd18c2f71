/* layers.h: what answers about the five layers share. Private to serve/. */
#ifndef ATTUNE_SERVE_LAYERS_H
#define ATTUNE_SERVE_LAYERS_H

#include "measure/layers/traffic.h"
#include "serve/server.h"

/* What the answers rest on: the picture in force, and the last seven days. */
struct layers_picture {
	struct layers_view view;
	struct layers_seen *seen;
	uint64_t *names;           /* Events by name. */
	uint32_t *name_customers;  /* How many customers sent them. */
	bool *bound;
	uint32_t names_n;
	enum layers_map map;
};

/* Gather what every answer needs; false when an error was answered. */
bool layers_picture_take(struct request *request, struct layers_picture *picture);

#endif
