/* large_reply.c: from the reply's buffer to a spool, and what to say when that has no room. */
#include "serve/large_reply.h"

enum { POUR_BYTES = 64 * 1024, AGAIN_S = 30 };

static long reply_read(struct http_source *source, uint64_t at, char *out, size_t max)
{
	return spool_read(&((struct large_reply *)source)->spool, at, out, max);
}

static void reply_close(struct http_source *source)
{
	struct large_reply *reply = (struct large_reply *)source;
	spool_free(&reply->spool);
	spool_claim_end(&reply->claim);
}

struct large_reply *large_reply_begin(struct request *request)
{
	struct large_reply *reply = arena_zero_alloc(request->arena, 1, sizeof *reply);
	if (!reply) {
		reply_failure(request, ERROR_MEMORY);
		return NULL;
	}
	reply->source = (struct http_source){.read = reply_read, .close = reply_close};
	reply->claim = (struct spool_claim){.spools = request->server->spools, .who = request_who(request)};
	reply->request = request;
	spool_init(&reply->spool, &reply->claim);
	return reply;
}

static void pour(struct large_reply *reply)
{
	struct buffer *out = &reply->request->http->out;
	if (!reply->error)
		reply->error = out->failed ? ERROR_LIMIT : spool_append(&reply->spool, out->p, out->n);
	buffer_reset(out);
}

bool large_reply_pour(struct large_reply *reply)
{
	if (reply->request->http->out.n >= POUR_BYTES || reply->request->http->out.failed)
		pour(reply);
	return reply->error == 0;
}

void large_reply_end(struct large_reply *reply, int error)
{
	struct request *request = reply->request;
	if (!error && !reply->error && reply->spool.bytes == 0)
		return; /* It is in request->out, whole. */
	if (!error)
		pour(reply);
	if (!error && !reply->error) {
		buffer_free(&request->http->out); /* It waits for its reader without. */
		reply->source.bytes = reply->spool.bytes;
		request->http->source = &reply->source;
		return;
	}
	reply_close(&reply->source);
	if (reply->error)
		spool_refuse(request, reply->error);
	else if (request->http->status < 400)
		reply_failure(request, error);
}

void spool_refuse(struct request *request, int error)
{
	request->retry_after_s = AGAIN_S;
	if (error == ERROR_LIMIT)
		return reply_error(request, 429, "too_many_copies",
		                   "Large answers to you that are not read to their end take all the room that one caller has: read or close them, "
		                   "then ask again. If there is no other, this one is larger than three quarters of the setting spool_max_mb.");
	if (error == ERROR_BUSY)
		return reply_error(request, 503, "busy", "Large answers to others take all the room that there is (the setting spool_max_mb): ask again shortly.");
	if (error == ERROR_FULL)
		return reply_error(request, 503, "disk_full", "The disk has no room for an answer of this size: nothing is lost; free some space and ask again.");
	reply_failure(request, error);
}
