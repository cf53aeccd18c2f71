/*
 * segments_left.h: the segments a customer leaves by taking a yes back, or by restricting all use.
 *
 * Membership is worked out on asking, so nothing has to be cleared; whoever keeps members elsewhere is told by the stream:
 * event "segment", {"cid", "segment", "member": false, "reason": "consent" | "restricted"}.
 */
#ifndef ATTUNE_SERVE_SEGMENTS_LEFT_H
#define ATTUNE_SERVE_SEGMENTS_LEFT_H

#include "serve/segments.h"

struct segments_left {
	const char *reason;
	struct origin_id cid;
	const struct segment *items[SEGMENTS_MAX];
	size_t n;
};

/* Note the segments of a purpose in @purposes that @customer (locked) is in, before the act; after it, keep those that were left. */
void segments_left_before(struct segments_left *left, struct request *request, struct customer *customer, uint64_t purposes, const char *reason);
void segments_left_after(struct segments_left *left, struct request *request, struct customer *customer);

/* Tell whoever watches; and "left" of an answer that is begun: [{"segment", "reason"}]. */
void segments_left_tell(const struct segments_left *left, struct server *server);
void segments_left_write(const struct segments_left *left, struct json_writer *out);

#endif
