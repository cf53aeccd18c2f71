/* append.c: writing a record to a customer's history, and joining and parting histories. */
#include "base/clock.h"
#include "engine/internal.h"
#include "engine/matches.h"
#include "engine/seal.h"

#include <assert.h>
#include <string.h>

void event_names(struct engine *engine, struct event *event)
{
	event->name = dictionary_name(engine->dictionary, event->header.name);
	event->touchpoint = dictionary_name(engine->dictionary, event->header.touchpoint);
	event->source = dictionary_name(engine->dictionary, event->header.source);
}

static int name_append(struct engine *engine, uint32_t number, struct text name, uint8_t flags)
{
	struct event_header header = {.kind = EVENT_NAME, .flags = flags, .name = number, .received_ms = clock_now_ms()};
	struct buffer payload = BUFFER_INIT(DICTIONARY_NAME_BYTES_MAX + 64);
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("name"));
	value_put_text(&payload, name);
	value_close(&payload, object);
	header.time_ms = header.received_ms;
	header.payload_length = (uint32_t)payload.n;
	uint64_t position;
	struct text parts[] = {{(const char *)&header, sizeof header}, buffer_view(&payload)};
	int error = payload.failed ? ERROR_MEMORY : log_append(engine->log, parts, 2, &position);
	buffer_free(&payload);
	return error;
}

int name_return_append(struct engine *engine, uint32_t number)
{
	return name_append(engine, number, TEXT(""), 0);
}

static int name_record(void *arg, uint32_t number, struct text name)
{
	return name_append(arg, number, name, 0);
}

static int name_public_record(void *arg, uint32_t number, struct text name)
{
	return name_append(arg, number, name, EVENT_NAME_PUBLIC);
}

int engine_name(struct engine *engine, struct text name, uint32_t *number)
{
	return dictionary_number(engine->dictionary, name, name_record, engine, number);
}

int engine_name_or_other(struct engine *engine, struct text name, bool is_public, uint32_t *number)
{
	uint32_t other = 0, found = dictionary_find(engine->dictionary, name);
	if (found) {
		*number = found;
		return 0;
	}
	if (name.n == 0 || name.n > DICTIONARY_NAME_BYTES_MAX)
		return ERROR_INVALID;
	int error = engine_name(engine, DICTIONARY_OTHER, &other); /* First: while there is room for it. */
	if (!error)
		error = is_public ? dictionary_number_public(engine->dictionary, name, name_public_record, engine, &found)
		                  : engine_name(engine, name, &found);
	if (error && error != ERROR_LIMIT)
		return error;
	if (error && !dictionary_find(engine->dictionary, DICTIONARY_OTHER))
		return error;
	*number = error ? other : found;
	return 0;
}

void engine_listen(struct engine *engine,
                   void (*changed)(void *, struct engine *, const struct customer *, const struct event *), void *arg)
{
	size_t n = atomic_load(&engine->listeners_n);
	assert(n < LISTENERS_MAX);
	engine->listeners[n].changed = changed;
	engine->listeners[n].arg = arg;
	atomic_store(&engine->listeners_n, n + 1);
}

bool engine_value(const struct engine *engine, const struct event *event, int32_t *value)
{
	return engine->options.column && engine->options.column(event, value);
}

bool engine_counts(const struct engine *engine, const struct event *event)
{
	int32_t value;
	return engine_value(engine, event, &value);
}

static void column_add(struct engine *engine, const struct event *event)
{
	int32_t value = 0;
	if (!engine->options.column || !engine->options.column(event, &value))
		return;
	if (columns_add(engine->columns, event->position, &event->header, value) != 0) {
		/* Without memory a row is missing until the next start, which replays it; the event itself is safe. */
	}
}

/* What joins and parts names only origins and is read by who has no keys: it stays open. */
static bool is_sealed(const struct engine *engine, const struct event *event)
{
	return engine->keyring && engine->options.seal && event->header.kind != EVENT_MERGE && event->header.kind != EVENT_SPLIT;
}

/* Write @event's record to the log, sealed if it should be; sets its position. */
static int record_append(struct engine *engine, struct event *event, struct text payload)
{
	uint8_t sealed[EVENT_BYTES_MAX + SEAL_BYTES];
	const struct text header = {(const char *)&event->header, sizeof event->header};
	event->header.payload_length = (uint32_t)payload.n;
	if (is_sealed(engine, event)) {
		if (payload.n > EVENT_BYTES_MAX)
			return ERROR_LIMIT;
		event->header.key_version = seal_version();
		event->header.sealed_length = (uint32_t)payload.n;
		event->header.payload_length = (uint32_t)payload.n + SEAL_BYTES;
		int error = seal_close(engine->keyring, event->header.origin_number, header, payload, sealed);
		if (error)
			return error;
		payload = (struct text){(const char *)sealed, event->header.payload_length};
	}
	return log_append(engine->log, (struct text[]){header, payload}, 2, &event->position);
}

int64_t engine_receipt_ms(struct engine *engine, int64_t now_ms)
{
	return receipt_at(&engine->receipt, now_ms);
}

int engine_append(struct engine *engine, struct customer *customer, uint32_t number, const struct engine_write *write,
                  uint64_t *position)
{
	struct origin *origin = engine_origin(engine, number);
	struct event event = {.header = write->header, .payload = {(const uint8_t *)write->payload.p, write->payload.n}};
	assert(origin && atomic_load(&origin->customer) == customer->number);
	assert(write->payload.n && write->payload.p[0] == VALUE_OBJECT);
	if (!partition_spare(engine, partition_of(engine, customer->number)))
		return ERROR_MEMORY;
	uint64_t *head = write->header.kind == EVENT_DECISION ? &origin->decision_head : &origin->head;
	event.header.origin = origin->id;
	event.header.origin_number = number;
	event.header.previous = *head;
	event.header.receipt_minutes = event.header.message_hash ? receipt_minutes(&engine->receipt) : 0;
	if (engine->options.config_version)
		event.header.configuration = engine->options.config_version(engine_config(engine));
	int error = record_append(engine, &event, write->payload);
	if (error)
		return error;
	*head = event.position;
	origin->dirty = true;
	if (write->header.kind != EVENT_DECISION) {
		origin->events++;
		customer->events++;
		atomic_fetch_add_explicit(&engine->events_n, 1, memory_order_relaxed);
	} else {
		origin->decisions++;
		atomic_fetch_add_explicit(&engine->decisions_n, 1, memory_order_relaxed);
	}
	event_names(engine, &event);
	customer_apply(engine, customer, &event);
	column_add(engine, &event);
	for (size_t i = 0, n = atomic_load_explicit(&engine->listeners_n, memory_order_acquire); i < n; i++)
		engine->listeners[i].changed(engine->listeners[i].arg, engine, customer, &event);
	*position = event.position;
	return 0;
}

int engine_link_reserve(struct engine *engine, struct identifier_hash hash)
{
	pthread_mutex_lock(&engine->links_lock);
	int error = memory_grow(&engine->links, &engine->links_capacity, engine->links_n + 1, sizeof *engine->links);
	pthread_mutex_unlock(&engine->links_lock);
	return error ? error : directory_reserve(engine->directory, hash);
}

void engine_link(struct engine *engine, struct identifier_hash hash, uint32_t origin)
{
	pthread_mutex_lock(&engine->links_lock);
	assert(engine->links_n < engine->links_capacity);
	engine->links[engine->links_n++] = (struct link_note){hash, origin};
	pthread_mutex_unlock(&engine->links_lock);
	int error = directory_set(engine->directory, hash, origin);
	assert(!error);
}

static void structure_put(struct buffer *out, const char *key, struct origin_id id)
{
	char hex[33];
	value_put_key(out, text_of(key));
	value_put_text(out, text_of(origin_format(hex, id)));
}

/* {"into"|"to": id, "from"|"origin": id, "because": what the caller says} */
static void structure_payload(struct buffer *out, const char *first, struct origin_id a, const char *second, struct origin_id b,
                              struct text because)
{
	size_t object = value_open(out, VALUE_OBJECT);
	structure_put(out, first, a);
	structure_put(out, second, b);
	value_put_key(out, TEXT("because"));
	value_put(out, (struct value){(const uint8_t *)because.p, because.n});
	value_close(out, object);
}

static void partitions_lock(struct engine *engine, uint32_t a, uint32_t b)
{
	uint32_t low = a % PARTITIONS, high = b % PARTITIONS;
	if (low > high) {
		uint32_t swap = low;
		low = high;
		high = swap;
	}
	pthread_mutex_lock(&engine->partitions[low].lock);
	if (high != low)
		pthread_mutex_lock(&engine->partitions[high].lock);
}

static void partitions_unlock(struct engine *engine, uint32_t a, uint32_t b)
{
	pthread_mutex_unlock(&engine->partitions[a % PARTITIONS].lock);
	if (a % PARTITIONS != b % PARTITIONS)
		pthread_mutex_unlock(&engine->partitions[b % PARTITIONS].lock);
}

/* Move every origin of @from to @into. Both locked. */
static void origins_move(struct engine *engine, struct customer *into, struct customer *from, uint64_t position)
{
	while (from->origin_first) {
		uint32_t number = from->origin_first;
		origin_take(engine, from, number);
		engine_origin(engine, number)->moved = position;
		engine_origin(engine, number)->dirty = true;
		origin_give(engine, into, number);
	}
	customer_states_free(engine, from);
	from->dirty = into->dirty = true;
	from->applied = into->applied = position;
	into->stale = true;
	into->set_aside = into->set_aside || from->set_aside; /* Until it is folded again. */
	from->set_aside = false;
	from->due = 0;
	if (from->ordered_until > into->ordered_until)
		into->ordered_until = from->ordered_until;
	atomic_fetch_sub(&engine->customers_n, 1);
}

int engine_merge(struct engine *engine, uint32_t into, uint32_t from, struct engine_write *write, uint64_t *position)
{
	struct customer *a = customer_at(engine, into), *b = customer_at(engine, from);
	if (!a || !b || into >= from)
		return ERROR_CONFLICT;
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	partitions_lock(engine, into, from);
	int error = !a->origin_first || !b->origin_first || !engine_origin(engine, from)->head ? ERROR_CONFLICT :
	            customer_is_shut(engine, a) || customer_is_shut(engine, b) ? ERROR_DAMAGED :
	            a->origins_n + b->origins_n > CUSTOMER_ORIGINS_MAX ? ERROR_LIMIT : 0;
	if (!error) {
		structure_payload(&payload, "into", engine_origin(engine, into)->id, "from", engine_origin(engine, from)->id,
		                  write->payload);
		write->header.kind = EVENT_MERGE;
		struct engine_write record = {write->header, buffer_view(&payload)};
		error = payload.failed ? ERROR_MEMORY : engine_append(engine, a, into, &record, position);
	}
	if (!error)
		origins_move(engine, a, b, *position);
	partitions_unlock(engine, into, from);
	buffer_free(&payload);
	return error;
}

int engine_split(struct engine *engine, uint32_t number, struct engine_write *write, uint64_t *position)
{
	struct origin *origin = engine_origin(engine, number);
	uint32_t belongs = origin ? atomic_load(&origin->customer) : 0;
	if (belongs == 0 || belongs == number)
		return ERROR_CONFLICT;
	struct customer *from = customer_at(engine, belongs), *to = customer_at(engine, number);
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	partitions_lock(engine, belongs, number);
	structure_payload(&payload, "from", engine_origin(engine, belongs)->id, "origin", origin->id, write->payload);
	write->header.kind = EVENT_SPLIT;
	struct engine_write record = {write->header, buffer_view(&payload)};
	int error = payload.failed ? ERROR_MEMORY : engine_append(engine, from, number, &record, position);
	if (!error) {
		to->number = number;
		origin_take(engine, from, number);
		origin->moved = *position;
		origin->dirty = true;
		origin_give(engine, to, number);
		to->applied = from->applied = *position;
		to->ordered_until = from->ordered_until;
		to->set_aside = (bool)from->set_aside;
		to->stale = from->stale = to->dirty = from->dirty = true;
		atomic_fetch_add(&engine->customers_n, 1);
		matches_clear(engine->matches); /* What did not fit may fit now. */
	}
	partitions_unlock(engine, belongs, number);
	buffer_free(&payload);
	return error;
}
