/*
 * world.h: an engine in a folder of its own, and beside it a plain model: which origin has an identifier, and who is with whom.
 *
 * Random acts are done to both; groups_compare fails the test where they differ.
 */
#ifndef ATTUNE_TEST_WORLD_H
#define ATTUNE_TEST_WORLD_H

#include "unit.h"

#include "house.h"

#include "identify/resolve.h"

enum { PEOPLE = 16, IDENTIFIERS = 4, STEPS = 120, ROUNDS = 12, ORIGINS_MAX = 4096 };

#define TIME0 INT64_C(1767225600000)

struct world {
	char folder[64];
	struct engine *engine;
	struct config *config;
	struct witness witness;
	uint64_t seed;
	/* The model: which origin has an identifier, which group an origin is in. */
	uint32_t origin_of[PEOPLE][IDENTIFIERS];
	uint32_t group_of[ORIGINS_MAX];
	uint32_t event_n;
};

struct identifier identifier_of(unsigned person, unsigned which, char room[32]);
bool again(int error);
void world_open(struct world *world);
void world_start(struct world *world, uint64_t seed);
void world_end(struct world *world);
uint64_t append(struct world *world, uint32_t origin, enum event_kind kind, uint64_t target);
void request_fill(struct resolve_request *request, char room[IDENTIFIERS][32], unsigned person, unsigned mask);
uint32_t meet(struct world *world, unsigned person, unsigned mask);
uint32_t customer_number(struct world *world, uint32_t origin);
void step(struct world *world);
void groups_compare(struct world *world);
void world_kill(struct world *world);
void world_reopen(struct world *world);
uint64_t seed_of(uint64_t otherwise);

#endif
