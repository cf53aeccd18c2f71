/* verify.c: one walk over the log. */
#include "engine/verify.h"

#include "base/memory.h"
#include "engine/directory.h"
#include "event/dictionary.h"
#include "log/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ORIGIN_NUMBER_MAX = 64 * 1024 * 1024 };

struct chain {
	struct origin_id id;
	uint64_t head, decision_head;
};

struct walk {
	struct verify *out;
	struct log *log;
	struct chain *chains; /* By origin number. */
	size_t capacity;
	struct directory *ids;
	bool named[DICTIONARY_NAMES_MAX + 1], used[DICTIONARY_NAMES_MAX + 1]; /* By number: has a name, stands in a record. */
	int (*each)(void *, const struct event *);
	void *arg;
};

static int bad(struct verify *out, uint64_t position, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int bad(struct verify *out, uint64_t position, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(out->problem, sizeof out->problem, format, args);
	va_end(args);
	out->bad = position;
	return ERROR_CORRUPT;
}

/* A name has the next number or one that was given back, an empty one gives back a number that no record uses. */
static int name_check(struct walk *walk, const struct event *event)
{
	struct verify *out = walk->out;
	const uint32_t number = event->header.name;
	size_t n = value_text(value_get(event->payload, TEXT("name"))).n;
	bool is_gap = log_gaps(walk->log);
	if (n == 0 && (!number || (!walk->named[number] && !is_gap)))
		return bad(out, event->position, "Name number %u is given back, and nothing had it.", number);
	if (n == 0 && walk->used[number])
		return bad(out, event->position, "Name number %u is given back, and records use it.", number);
	bool follows = is_gap || number == out->names + 1 || (number && number <= out->names && !walk->named[number]);
	if (n && (!follows || n > DICTIONARY_NAME_BYTES_MAX))
		return bad(out, event->position, "Name number %u does not follow %" PRIu64 ".", number, out->names);
	out->names = number > out->names ? number : out->names;
	walk->named[number] = n != 0;
	return 0;
}

/* Every number in a record has a name. */
static int numbers_check(struct walk *walk, const struct event *event)
{
	const uint32_t numbers[] = {event->header.kind == EVENT_NAME ? 0 : event->header.name, event->header.touchpoint, event->header.source};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const uint32_t number = numbers[i];
		if (number > DICTIONARY_NAMES_MAX || (number && !walk->named[number] && !log_gaps(walk->log)))
			return bad(walk->out, event->position, "A record has a name that is not in the dictionary.");
		walk->used[number] |= number != 0;
	}
	return 0;
}

/* The chain of origin @number, made when it is new; NULL without memory. */
static struct chain *chain_of(struct walk *walk, uint32_t number)
{
	size_t before = walk->capacity;
	if (memory_grow(&walk->chains, &walk->capacity, (size_t)number + 1, sizeof *walk->chains) != 0)
		return NULL;
	memset(walk->chains + before, 0, (walk->capacity - before) * sizeof *walk->chains);
	return &walk->chains[number];
}

static bool id_is_known(const struct walk *walk, struct value id)
{
	struct origin_id parsed;
	return origin_parse(value_text(id), &parsed) && directory_find(walk->ids, directory_hash_id(parsed));
}

static int move_check(struct walk *walk, const struct event *event, const char *to)
{
	if (log_gaps(walk->log)) /* All that an origin has may be gone. */
		return 0;
	if (id_is_known(walk, value_get(event->payload, text_of(to))) && id_is_known(walk, value_get(event->payload, TEXT("from"))))
		return 0;
	return bad(walk->out, event->position, "A %s speaks of an origin that is not there.", event_kind_name(event->header.kind));
}

static int chain_check(struct walk *walk, const struct event *event)
{
	struct verify *out = walk->out;
	const struct event_header *header = &event->header;
	if (header->origin_number > ORIGIN_NUMBER_MAX)
		return bad(out, event->position, "There is no origin number %u.", header->origin_number);
	struct chain *chain = chain_of(walk, header->origin_number);
	if (!chain)
		return ERROR_MEMORY;
	if (origin_is_zero(chain->id)) {
		chain->id = header->origin;
		out->origins++;
		if (directory_set(walk->ids, directory_hash_id(chain->id), header->origin_number) != 0)
			return ERROR_MEMORY;
	}
	if (origin_is_zero(header->origin) || memcmp(&chain->id, &header->origin, sizeof chain->id) != 0)
		return bad(out, event->position, "Origin number %u has two ids.", header->origin_number);
	bool is_decision = header->kind == EVENT_DECISION;
	uint64_t *head = is_decision ? &chain->decision_head : &chain->head;
	if (header->previous != *head && !log_is_gap(walk->log, header->previous))
		return bad(out, event->position, "The chain of origin %u leads to %" PRIx64 ", not to %" PRIx64 ".", header->origin_number,
		           header->previous, *head);
	*head = event->position;
	out->events += !is_decision;
	out->decisions += is_decision;
	if (header->kind == EVENT_MERGE) {
		out->merges++;
		return move_check(walk, event, "into");
	}
	if (header->kind == EVENT_SPLIT) {
		out->splits++;
		return move_check(walk, event, "origin");
	}
	return 0;
}

static int record_check(void *arg, uint64_t position, struct text entry)
{
	struct walk *walk = arg;
	struct verify *out = walk->out;
	struct event event;
	if (event_decode(&event, entry) != 0)
		return bad(out, position, "A record cannot be read.");
	event.position = position;
	if (event.header.name > DICTIONARY_NAMES_MAX)
		return bad(out, position, "A record has a name that is not in the dictionary.");
	int error = numbers_check(walk, &event);
	if (!error && event.header.kind == EVENT_NAME)
		error = name_check(walk, &event);
	else if (!error && event.header.origin_number)
		error = chain_check(walk, &event);
	if (error)
		return error;
	out->records++;
	out->payload_bytes += event.payload.n;
	out->last = position;
	return walk->each ? walk->each(walk->arg, &event) : 0;
}

int engine_verify(const char *folder, struct verify *out, int (*each)(void *, const struct event *), void *arg)
{
	char path[4096];
	struct walk walk = {.out = out, .each = each, .arg = arg};
	struct log *log;
	*out = (struct verify){0};
	if (snprintf(path, sizeof path, "%s/log", folder) >= (int)sizeof path)
		return ERROR_NOT_FOUND;
	struct log_options options = {.folder = path, .read_only = true, .damaged_at = &out->bad};
	int error = log_open(&log, &options, 0);
	if (error == ERROR_CONFLICT)
		snprintf(out->problem, sizeof out->problem, "Taking entries out was cut short: start the server once, which finishes it.");
	if (error == ERROR_CORRUPT) {
		out->bad_is_block = true;
		snprintf(out->problem, sizeof out->problem, "The log is damaged at offset %" PRIu64 ".", out->bad);
	}
	if (error)
		return error;
	out->bad = 0;
	static const uint8_t no_key[DIRECTORY_KEY_BYTES];
	walk.log = log;
	walk.ids = directory_new(no_key); /* Ids are not hashed with it. */
	error = walk.ids ? log_replay(log, 0, record_check, &walk) : ERROR_MEMORY;
	log_close(log);
	directory_free(walk.ids);
	memory_free(walk.chains);
	return error;
}
