/*
 * event_xes.c: XES (IEEE 1849) through expat, as a stream.
 *
 * Attributes of a log, of globals and nested ones are passed over. Entity declarations are refused, so that no small
 * file can grow to a large one; what expat would have to hold whole is bounded by how far one element is from the next.
 */
#include "event/import/event_reader.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

enum { XES_CHUNK = 64 * 1024, IDLE_BYTES_MAX = 4 * EVENT_RECORD_BYTES_MAX };

struct xes {
	struct event_file *file;
	XML_Parser parser;
	struct arena trace_arena;
	struct event_attribute trace[EVENT_ATTRIBUTES_MAX];
	size_t trace_n, trace_named;    /* trace_named: index of the name plus one. */
	unsigned depth, trace_depth, event_depth; /* 0: not inside. */
	uint64_t traces, bytes_idle;    /* bytes_idle: fed since an element began; expat may hold them all. */
	bool met_element;
	const char *refused;            /* Why the current event cannot be taken. */
	int stop;
};

static uint64_t line_now(const struct event_file *file)
{
	const struct xes *xes = file->format_state;
	return XML_GetCurrentLineNumber(xes->parser);
}

static void stop(struct xes *xes, int error)
{
	xes->stop = error;
	XML_StopParser(xes->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
	const char *colon = strchr(name, ':');
	return colon ? colon + 1 : name;
}

static bool take(struct arena *arena, struct event_attribute *attribute, struct text name, struct text value, bool of_case)
{
	char *p = arena_alloc(arena, name.n + value.n);
	if (!p)
		return false;
	memcpy(p, name.p, name.n);
	if (value.n)
		memcpy(p + name.n, value.p, value.n);
	*attribute = (struct event_attribute){{p, name.n}, {p + name.n, value.n}, of_case, EVENT_OTHER};
	return true;
}

static void attribute(struct xes *xes, const char **pairs)
{
	struct event_file *file = xes->file;
	const char *key = NULL, *value = NULL;
	for (; pairs[0]; pairs += 2) {
		if (strcmp(pairs[0], "key") == 0)
			key = pairs[1];
		else if (strcmp(pairs[0], "value") == 0)
			value = pairs[1];
	}
	bool of_case = xes->event_depth == 0;
	if (!key || !value || !*key || !event_wants(file, text_of(key), of_case))
		return;
	if (!of_case) {
		if (xes->trace_n + file->attributes_n >= EVENT_ATTRIBUTES_MAX)
			xes->refused = "it has too many attributes";
		else if (take(&file->arena, &file->attributes[file->attributes_n], text_of(key), text_of(value), false))
			file->attributes_n++;
		else
			xes->refused = "it is longer than one event may be";
		return;
	}
	bool is_name = strcmp(key, "concept:name") == 0;
	if (xes->trace_n >= EVENT_ATTRIBUTES_MAX / 2 || (is_name && xes->trace_named))
		return;
	if (!take(&xes->trace_arena, &xes->trace[xes->trace_n], text_of(key), text_of(value), true))
		return;
	xes->trace_n++;
	if (is_name)
		xes->trace_named = xes->trace_n;
}

static void trace_begin(struct xes *xes)
{
	xes->trace_depth = xes->depth;
	xes->trace_n = xes->trace_named = 0;
	xes->traces++;
	arena_reset(&xes->trace_arena);
}

static void XMLCALL element_start(void *context, const char *full_name, const char **pairs)
{
	struct xes *xes = context;
	if (xes->stop)
		return;
	xes->met_element = true;
	if (++xes->depth > EVENT_XML_DEPTH_MAX) {
		event_fail(xes->file, ERROR_LIMIT, "line %llu: elements are nested deeper than %d",
		           (unsigned long long)line_now(xes->file), EVENT_XML_DEPTH_MAX);
		stop(xes, ERROR_LIMIT);
		return;
	}
	if (xes->event_depth) {
		if (xes->depth == xes->event_depth + 1)
			attribute(xes, pairs);
		return;
	}
	const char *name = local_name(full_name);
	if (xes->depth <= 3 && strcmp(name, "event") == 0 && xes->depth == xes->trace_depth + (xes->trace_depth ? 1 : 2)) {
		xes->event_depth = xes->depth;
		xes->file->attributes_n = 0;
		xes->refused = NULL;
		arena_reset(&xes->file->arena);
	} else if (xes->depth == 2 && strcmp(name, "trace") == 0) {
		trace_begin(xes);
	} else if (xes->trace_depth && xes->depth == xes->trace_depth + 1) {
		attribute(xes, pairs);
	}
}

/* A trace without a name gets one, once and for all its events. */
static void trace_name(struct xes *xes)
{
	char name[32];
	int n = snprintf(name, sizeof name, "trace %llu", (unsigned long long)xes->traces);
	if (xes->trace_named || !xes->trace_depth || xes->trace_n >= EVENT_ATTRIBUTES_MAX / 2)
		return;
	if (take(&xes->trace_arena, &xes->trace[xes->trace_n], TEXT("concept:name"), (struct text){name, (size_t)n}, true))
		xes->trace_named = ++xes->trace_n;
}

static void event_end(struct xes *xes)
{
	struct event_file *file = xes->file;
	xes->event_depth = 0;
	trace_name(xes);
	size_t n = xes->trace_depth ? xes->trace_n : 0;
	if (!xes->refused && file->attributes_n + n > EVENT_ATTRIBUTES_MAX)
		xes->refused = "it has too many attributes";
	if (xes->refused) {
		event_reject(file, "the event is refused: %s", xes->refused);
		return;
	}
	memcpy(file->attributes + file->attributes_n, xes->trace, n * sizeof *xes->trace);
	if (event_offer(file, file->attributes, file->attributes_n + n, NULL) != 0)
		stop(xes, EVENT_READ_STOPPED);
}

static void XMLCALL element_end(void *context, const char *name)
{
	struct xes *xes = context;
	(void)name;
	if (xes->stop)
		return;
	if (xes->depth == xes->event_depth)
		event_end(xes);
	else if (xes->depth == xes->trace_depth)
		xes->trace_depth = 0;
	xes->depth--;
}

static void XMLCALL entity_declared(void *context, const char *name, int is_parameter, const char *value, int value_n,
                                    const char *base, const char *system, const char *public, const char *notation)
{
	struct xes *xes = context;
	(void)name, (void)is_parameter, (void)value, (void)value_n, (void)base, (void)system, (void)public, (void)notation;
	event_fail(xes->file, ERROR_CORRUPT, "line %llu: entity declarations are refused",
	           (unsigned long long)line_now(xes->file));
	stop(xes, ERROR_CORRUPT);
}

static int parse_failed(struct xes *xes)
{
	if (xes->stop)
		return xes->stop;
	enum XML_Error code = XML_GetErrorCode(xes->parser);
	if (code == XML_ERROR_NO_MEMORY)
		return ERROR_MEMORY;
	return event_fail(xes->file, ERROR_CORRUPT, "line %llu: this is not well-formed XML: %s",
	                  (unsigned long long)line_now(xes->file), XML_ErrorString(code));
}

static int feed(struct xes *xes)
{
	for (size_t got = 1; got;) {
		void *chunk = XML_GetBuffer(xes->parser, XES_CHUNK);
		if (!chunk)
			return ERROR_MEMORY;
		int error = event_bytes_read(&xes->file->bytes, chunk, XES_CHUNK, &got);
		if (error) {
			return event_fail(xes->file, error, "line %llu: %s", (unsigned long long)line_now(xes->file),
			                  xes->file->bytes.problem);
		}
		if (XML_ParseBuffer(xes->parser, (int)got, got == 0) != XML_STATUS_OK)
			return parse_failed(xes);
		xes->bytes_idle = xes->met_element ? 0 : xes->bytes_idle + got;
		xes->met_element = false;
		if (xes->bytes_idle > IDLE_BYTES_MAX)
			return event_fail(xes->file, ERROR_LIMIT, "line %llu: more than %d bytes without a beginning element",
			                  (unsigned long long)line_now(xes->file), IDLE_BYTES_MAX);
	}
	return 0;
}

int event_xes_read(struct event_file *file)
{
	struct xes *xes = memory_zero_alloc(1, sizeof *xes);
	if (!xes)
		return ERROR_MEMORY;
	static const XML_Memory_Handling_Suite heap = {memory_alloc, memory_resize, memory_free};
	xes->file = file;
	xes->parser = XML_ParserCreate_MM(NULL, &heap, NULL);
	arena_init(&xes->trace_arena, 2 * EVENT_RECORD_BYTES_MAX);
	int error = xes->parser ? 0 : ERROR_MEMORY;
	if (!error) {
		XML_SetUserData(xes->parser, xes);
		XML_SetElementHandler(xes->parser, element_start, element_end);
		XML_SetEntityDeclHandler(xes->parser, entity_declared);
		file->format_state = xes;
		file->line_now = line_now;
		error = feed(xes);
		file->line = line_now(file);
		file->line_now = NULL;
		XML_ParserFree(xes->parser);
	}
	arena_free(&xes->trace_arena);
	memory_free(xes);
	return error;
}
