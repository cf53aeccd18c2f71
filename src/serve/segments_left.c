/* segments_left.c: what a customer is no longer a member of. */
#include "serve/segments_left.h"

#include "serve/hub.h"

#include <stdio.h>

void segments_left_before(struct segments_left *left, struct request *request, struct customer *customer, uint64_t purposes, const char *reason)
{
	struct engine *engine = request->server->engine;
	struct segment_facts facts;
	left->n = 0;
	left->reason = reason;
	if (segments_of(engine_config(engine))->n == 0 ||
	    segments_facts_read(&facts, engine, customer, request->arena, request->now_ms) != 0)
		return;
	const struct segments *segments = segments_of(facts.config);
	left->cid = customer_id(engine, customer);
	for (size_t i = 0; i < segments->n; i++)
		if ((segments->items[i].mask & purposes) && segment_member(segments, &segments->items[i], &facts) == SEGMENT_IN)
			left->items[left->n++] = &segments->items[i];
}

void segments_left_after(struct segments_left *left, struct request *request, struct customer *customer)
{
	struct segment_facts facts;
	size_t kept = 0;
	if (left->n == 0 || segments_facts_read(&facts, request->server->engine, customer, request->arena, request->now_ms) != 0)
		return;
	for (size_t i = 0; i < left->n; i++)
		if (segment_member(segments_of(facts.config), left->items[i], &facts) != SEGMENT_IN)
			left->items[kept++] = left->items[i];
	left->n = kept;
}

void segments_left_tell(const struct segments_left *left, struct server *server)
{
	char hex[33];
	for (size_t i = 0; i < left->n; i++) {
		struct buffer data = BUFFER_INIT(1024);
		struct json_writer out = JSON_WRITER(&data);
		json_object_begin(&out);
		json_put_text(&out, "cid", text_of(origin_format(hex, left->cid)));
		json_put_text(&out, "segment", left->items[i]->name);
		json_put_bool(&out, "member", false);
		json_put_text(&out, "reason", text_of(left->reason));
		json_object_end(&out);
		if (!data.failed)
			hub_send(server->hub, left->cid, "segment", buffer_view(&data));
		buffer_free(&data);
	}
}

void segments_left_write(const struct segments_left *left, struct json_writer *out)
{
	json_key(out, TEXT("left"));
	json_array_begin(out);
	for (size_t i = 0; i < left->n; i++) {
		json_object_begin(out);
		json_put_text(out, "segment", left->items[i]->name);
		json_put_text(out, "reason", text_of(left->reason));
		json_object_end(out);
	}
	json_array_end(out);
}
