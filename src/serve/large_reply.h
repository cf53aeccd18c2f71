/*
 * large_reply.h: a reply of any size. What a handler writes to request->out goes on to a spool (spool.h) whenever enough has
 * gathered, and from there to the client, as fast as that reads. A reply that is not large stays what it was.
 */
#ifndef ATTUNE_SERVE_LARGE_REPLY_H
#define ATTUNE_SERVE_LARGE_REPLY_H

#include "serve/server.h"
#include "serve/spool.h"

struct large_reply {
	struct http_source source;
	struct spool_claim claim;
	struct spool spool;
	struct request *request;
	int error;           /* The first that the spool met, or ERROR_LIMIT: a piece was too large. */
};

/* In the request's arena; NULL: that is answered. End it with large_reply_end, whatever happens. */
struct large_reply *large_reply_begin(struct request *request) MUST_CHECK;

/* A piece was written to request->out, HTTP_REPLY_BYTES_MAX at most. False: there is no use in writing more. */
bool large_reply_pour(struct large_reply *reply);

/* All is written, or could not be for @error: then that is answered, unless an error stands already. */
void large_reply_end(struct large_reply *reply, int error);

/* Answer what a spool could not do. */
void spool_refuse(struct request *request, int error);

#endif
