/* broken.h: what answers about broken roads share. Private to serve/. */
#ifndef ATTUNE_SERVE_BROKEN_H
#define ATTUNE_SERVE_BROKEN_H

#include "measure/broken.h"
#include "serve/server.h"

/* What an answer rests on: the roads of the configuration in force, and the days asked. */
struct broken_look {
	struct request *request;
	const struct config *config;
	struct broken_road *roads;
	struct broken_spot *spots;
	struct price_index index;
	struct broken_question question;
	int64_t days;
};

/* Read ?days= and bind the roads; false: the error stands already. */
bool broken_look_begin(struct request *request, struct broken_look *looking);

/* Look at the rows of those days: the spots, in the order of the roads; false: the error stands already. */
bool broken_look_find(struct broken_look *looking);

/* What a signal says of customers: "met an error and had to ask our staff". */
const char *broken_signal_words(enum broken_signal_kind kind);

#endif
