/*
 * collect_world.h: is everything whole in a world that has taken events? It is checked now and then, and the world then made
 * afresh, so that it stays small.
 */
#ifndef ATTUNE_TEST_FUZZ_COLLECT_WORLD_H
#define ATTUNE_TEST_FUZZ_COLLECT_WORLD_H

#include "exchange.h"
#include "world.h"

/*
 * Every customer can be read in every way, and the answers are JSON and whole pages; the log is sound; every name is UTF-8;
 * and a server that starts from the snapshot, or reads the log from its start, knows of every customer, byte for byte, what
 * this one knows.
 */
void world_check(struct world *world);

/* Is @exchange's reply JSON? Its root, valid until the next call. */
struct json reply_json(const struct http_exchange *exchange);

#endif
