/*
 * standing.h: where the company stands, gathered from all customers and a year of rows; kept for a minute.
 *
 * Private to serve/. Figures of too few customers are left out by whoever writes them.
 */
#ifndef ATTUNE_SERVE_STANDING_H
#define ATTUNE_SERVE_STANDING_H

#include "event/event.h"
#include "measure/participation.h"
#include "measure/standing.h"
#include "measure/voice.h"
#include "serve/behind.h"

enum { STANDING_MONTHS = PARTICIPATION_MONTHS, STANDING_LATELY_DAYS = 90, STANDING_KEPT_MS = 60 * 1000, STANDING_SAMPLE = 300 };

struct counted {
	uint64_t k, n;
};

struct standing_month {
	int64_t until_ms;
	struct counted took_part;    /* Of customers who came in the month. */
	struct counted known;        /* Events of somebody with a user id. */
	struct counted agreed;       /* Customers who came and had agreed to a purpose by its end. */
};

/* Where groups stand in a list of them: all customers, each channel by its number, then the segments in the configuration's order. */
enum { GROUP_ALL = CHANNEL_NONE, GROUP_SEGMENTS = CHANNEL_COUNT };

/* What is counted of a group. The customers behind a count stand beside it where they are not its n. */
struct standing_group {
	uint64_t customers;          /* All: who was seen. A channel: who came on it this month. A segment: its members. */
	struct counted took_part[STANDING_MONTHS]; /* Of those who came in the month; of a channel only the last is counted. */
	struct counted known;        /* Events of the last month; of a channel those on it. */
	struct counted agreed;       /* Of those who came in the last month. */
	struct counted told_once, promises, personal, own;
	uint64_t promised, looked_at; /* Behind promises and personal. */
	struct voice_counts stars;   /* Given in STANDING_LATELY_DAYS, by so many; of a channel those on it. */
	uint64_t rated;
	int64_t profit;              /* Of the same days, by so many, in hundredths of a minor unit. */
	uint64_t lately;
};

struct standing_break {
	char spot[100], title[100];
	const char *says;            /* "met an error and had to ask our staff" */
	uint64_t customers;
	double cost_a_month;
};

struct standing {
	int64_t made_ms;
	const struct config *config;
	uint32_t version;
	struct share items[SCORE_ITEMS];
	struct share interact[INTERACT_PARTS], customize[CUSTOMIZE_PARTS];
	struct standing_month months[STANDING_MONTHS];      /* Oldest first; the last is the month until now. */
	struct standing_group *groups;
	size_t groups_n;
	struct standing_break breaks[3];  /* The worst of the last STANDING_LATELY_DAYS, worst first. */
	size_t breaks_n;
};

/*
 * Take the standing of now to @out; its groups live as long as the request. With @behind, also the customers that item @item counts:
 * @behind->customers is the caller's to memory_free. Errors: ERROR_MEMORY, ERROR_LIMIT (too many rows), those of reading.
 */
int standing_take(struct request *request, struct standing *out, enum score_item item, struct behind *behind) MUST_CHECK;

/* What is kept may count somebody who is gone: take it anew at the next question. */
void standing_forget(struct server *server);
/* When the server stops. */
void standing_free(struct server *server);

/* standing_api.c: members "quadrant", "score", "participation", "broken", "segments" of an object that is begun; and all of it in one sentence. */
void standing_write(struct request *request, const struct standing *standing);
void standing_say(struct request *request, const struct standing *standing, uint64_t customers, unsigned channels, char *out, size_t room);

/* standing_groups_api.c: where groups stand. The channels are part of the quadrant; the segments, and how many are withheld, go beside it. */
void standing_channels_write(struct request *request, const struct standing *standing);
void standing_segments_write(struct request *request, const struct standing *standing);
/* Members "satisfaction" and "profit" of a group. */
void standing_effect_write(struct request *request, const struct standing *standing, const struct standing_group *group);

#endif
