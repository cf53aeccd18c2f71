/*
 * standing_groups.h: the groups whose standing is counted beside that of all: the channels, and the segments of the configuration.
 *
 * In which groups a customer is, is found once and kept as a bit each; what is then learned of the customer is added to the groups
 * of the set. So there is one walk over customers and one over rows, however many groups there are. Private to standing.c.
 */
#ifndef ATTUNE_SERVE_STANDING_GROUPS_H
#define ATTUNE_SERVE_STANDING_GROUPS_H

#include "differentiate/segment/segment.h"
#include "measure/participation.h"
#include "serve/standing.h"

enum { GROUP_WORDS_MAX = (GROUP_SEGMENTS + SEGMENTS_MAX + 63) / 64 };

struct standing_groups {
	struct standing_group *items; /* GROUP_ALL, channels by their number, segments from GROUP_SEGMENTS on. */
	size_t n, words;
	uint64_t *in;                 /* By customer: words of bits. */
	uint32_t customers_n;
	struct arena facts;           /* What rules and decisions ask for, of one customer at a time. */
	uint32_t *every, *met;        /* Of a group: each so many of its members are looked at closely; how many went by. */
};

/* What one customer did, from the rows. */
struct came {
	struct participation participation;
	uint32_t now, lately;             /* A bit a channel: in the last month, in STANDING_LATELY_DAYS. */
	uint32_t events[CHANNEL_COUNT];   /* Of the last month. */
	uint32_t stars[CHANNEL_COUNT][6]; /* Given in STANDING_LATELY_DAYS, by how many. */
	int64_t profit[CHANNEL_COUNT];    /* Of the same days. */
	bool known, agreed, priced;
};

/* Errors: ERROR_MEMORY. End them with standing_groups_end, also after an error; the items are the caller's. */
int standing_groups_begin(struct standing_groups *groups, const struct config *config, uint32_t customers_n) MUST_CHECK;
void standing_groups_end(struct standing_groups *groups);

/* @customer, locked and fresh, was seen: put it into its segments, as far as it agreed to their purposes. */
void standing_groups_join(struct standing_groups *groups, struct request *request, const struct config *config, struct customer *customer);

/* Add what customer @number did to its groups, and put it into those of the channels that it came on this month. */
void standing_groups_came(struct standing_groups *groups, uint32_t number, const struct came *came);

/* The groups of customer @number, one after another: start with *@at = 0; NULL at the end. */
struct standing_group *standing_groups_next(const struct standing_groups *groups, uint32_t number, size_t *at);

/* Once all have come: how many of each group are looked at closely. */
void standing_groups_sample(struct standing_groups *groups, uint64_t least);
/* For which groups is customer @number one of these? Ask once each, in the order of numbers; GROUP_ALL is the caller's. */
bool standing_groups_pick(struct standing_groups *groups, uint32_t number, uint64_t picks[GROUP_WORDS_MAX]);

#endif
