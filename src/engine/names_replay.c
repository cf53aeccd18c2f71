/*
 * names_replay.c: names from the log, also where records of names were given up.
 *
 * Numbers are given back and given again (names_return.c). So when the records of that may be among what was given up, a
 * number may have got another name there. It has not if some record before uses it, for only unused ones are given back.
 */
#include "base/memory.h"
#include "engine/internal.h"

#include <stdio.h>
#include <string.h>

struct looking {
	struct engine *engine;
	bool public[DICTIONARY_NAMES_MAX + 1], used[DICTIONARY_NAMES_MAX + 1], unsure[DICTIONARY_NAMES_MAX + 1]; /* By number. */
	uint64_t applied_until;
	uint64_t *gaps; /* Positions. */
	size_t n, capacity, next;
	bool failed;
};

static void gap_note(void *arg, uint64_t position)
{
	struct looking *looking = arg;
	looking->failed |= memory_grow(&looking->gaps, &looking->capacity, looking->n + 1, sizeof *looking->gaps) != 0;
	if (!looking->failed)
		looking->gaps[looking->n++] = position;
}

/* A gap was passed that the snapshot does not cover. */
static void gap_pass(struct looking *looking)
{
	for (uint32_t number = 1; number <= DICTIONARY_NAMES_MAX; number++)
		looking->unsure[number] |= looking->public[number] && !looking->used[number];
}

static void use(struct looking *looking, uint32_t number)
{
	if (number == 0 || number > DICTIONARY_NAMES_MAX)
		return;
	looking->used[number] = true;
	looking->engine->names_lost[number] |= looking->unsure[number];
}

static int record_look(void *arg, uint64_t position, struct text entry)
{
	struct looking *looking = arg;
	struct event_header header;
	if (event_header_read(&header, entry) != 0)
		return ERROR_CORRUPT;
	for (; looking->next < looking->n && looking->gaps[looking->next] < position; looking->next++)
		if (looking->gaps[looking->next] > looking->applied_until)
			gap_pass(looking);
	if (header.kind == EVENT_NAME && header.name <= DICTIONARY_NAMES_MAX) {
		looking->public[header.name] = header.flags & EVENT_NAME_PUBLIC;
		looking->used[header.name] = looking->unsure[header.name] = false;
	} else {
		use(looking, header.name);
	}
	use(looking, header.touchpoint);
	use(looking, header.source);
	return 0;
}

int names_lost_find(struct engine *engine, uint64_t applied_until)
{
	if (!log_gaps(engine->log))
		return 0;
	struct looking *looking = memory_zero_alloc(1, sizeof *looking);
	engine->names_lost = memory_zero_alloc(DICTIONARY_NAMES_MAX + 1, sizeof *engine->names_lost);
	int error = looking && engine->names_lost ? 0 : ERROR_MEMORY;
	if (!error) {
		looking->engine = engine;
		looking->applied_until = applied_until;
		log_gaps_each(engine->log, gap_note, looking);
		error = looking->failed ? ERROR_MEMORY : log_replay(engine->log, 0, record_look, looking);
		memory_free(looking->gaps);
	}
	memory_free(looking);
	return error;
}

/* The records of numbers below @number may be gone: those are free until some record uses them. */
static int numbers_skip(struct engine *engine, uint32_t number)
{
	int error = 0;
	for (uint32_t gone = dictionary_count(engine->dictionary) + 1; gone < number && gone <= DICTIONARY_NAMES_MAX && !error; gone++)
		error = dictionary_give_back(engine->dictionary, gone);
	return error;
}

/* Give @number, which has no name, one that says so. */
static int number_lose(struct engine *engine, uint32_t number)
{
	int error = numbers_skip(engine, number);
	char lost[32];
	snprintf(lost, sizeof lost, "lost name %u", number);
	return error ? error : dictionary_restore(engine->dictionary, number, text_of(lost));
}

static int number_of(struct engine *engine, uint32_t number)
{
	if (number == 0)
		return 0;
	if (number > DICTIONARY_NAMES_MAX)
		return ERROR_CORRUPT;
	int error = 0;
	if (engine->names_lost[number] && dictionary_name(engine->dictionary, number).n) {
		error = dictionary_give_back(engine->dictionary, number);
		engine->names_lost[number] = false; /* From now on it is what its new name says. */
	}
	return error || dictionary_name(engine->dictionary, number).n ? error : number_lose(engine, number);
}

int names_of(struct engine *engine, const struct event_header *header)
{
	if (!engine->names_lost)
		return 0;
	int error = header->kind == EVENT_NAME ? 0 : number_of(engine, header->name);
	if (!error)
		error = number_of(engine, header->touchpoint);
	return error ? error : number_of(engine, header->source);
}

/* The record that gave back @name's number, or @number, may be gone. */
static int way_make(struct engine *engine, uint32_t number, struct text name)
{
	uint32_t before = dictionary_find(engine->dictionary, name);
	if (before == number && number)
		return 0;
	int error = numbers_skip(engine, number);
	if (!error && before)
		error = dictionary_give_back(engine->dictionary, before);
	return error || !dictionary_name(engine->dictionary, number).n ? error : dictionary_give_back(engine->dictionary, number);
}

int name_replay(struct engine *engine, const struct event *event)
{
	struct text name = value_text(value_get(event->payload, TEXT("name")));
	int error = engine->names_lost ? way_make(engine, event->header.name, name) : 0;
	if (error || name.n == 0)
		return error ? error : dictionary_give_back(engine->dictionary, event->header.name);
	return (event->header.flags & EVENT_NAME_PUBLIC ? dictionary_restore_public : dictionary_restore)(engine->dictionary, event->header.name, name);
}
