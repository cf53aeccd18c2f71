/* event.c: the record of a fact. */
#include "event/event.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(sizeof(struct event_header) == EVENT_HEADER_BYTES, "the header is part of the format of the log");

const char *event_kind_name(enum event_kind kind)
{
	switch (kind) {
#define X(symbol, number, name) case symbol: return name;
		EVENT_KINDS(X)
#undef X
	case EVENT_KIND_END:
		break;
	}
	return "unknown";
}

static const char *const channel_names[] = {
#define X(symbol, name) name,
	CHANNELS(X)
#undef X
};

const char *channel_name(enum channel channel)
{
	return channel < CHANNEL_COUNT ? channel_names[channel] : "none";
}

bool channel_parse(struct text name, enum channel *channel)
{
	for (unsigned i = 1; i < CHANNEL_COUNT; i++)
		if (text_equal_fold(name, text_of(channel_names[i]))) {
			*channel = (enum channel)i;
			return true;
		}
	return false;
}

int event_view(struct event *out, struct text record)
{
	struct event_header header;
	if (record.n < sizeof header)
		return ERROR_CORRUPT;
	memcpy(&header, record.p, sizeof header);
	struct text payload = text_from(record, sizeof header);
	if (header.payload_length > payload.n || header.kind == 0 || header.kind >= EVENT_KIND_END)
		return ERROR_CORRUPT;
	payload.n = header.payload_length;
	if (header.key_version) {
		if (header.sealed_length == 0 || header.sealed_length >= payload.n)
			return ERROR_CORRUPT;
		*out = (struct event){.header = header, .sealed = payload};
		return 0;
	}
	if (payload.n == 0 || payload.p[0] != VALUE_OBJECT)
		return ERROR_CORRUPT;
	*out = (struct event){.header = header, .payload = {(const uint8_t *)payload.p, payload.n}};
	return 0;
}

int event_decode(struct event *out, struct text record)
{
	struct event event;
	int error = event_view(&event, record);
	if (error)
		return error;
	if (!event.header.key_version && !value_check((struct text){(const char *)event.payload.p, event.payload.n}))
		return ERROR_CORRUPT;
	*out = event;
	return 0;
}

int event_header_read(struct event_header *out, struct text record)
{
	if (record.n < sizeof *out)
		return ERROR_CORRUPT;
	memcpy(out, record.p, sizeof *out);
	return 0;
}

void event_blank(uint8_t *record, size_t n)
{
	static const uint8_t nothing[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct event_header header;
	assert(n >= sizeof header + sizeof nothing);
	memcpy(&header, record, sizeof header);
	header = (struct event_header){.kind = header.kind, .flags = EVENT_TRIMMED, .previous = header.previous, .origin = header.origin,
	                               .origin_number = header.origin_number, .payload_length = sizeof nothing};
	memset(record, 0, n);
	memcpy(record, &header, sizeof header);
	memcpy(record + sizeof header, nothing, sizeof nothing);
}

int event_compare(const struct event *a, const struct event *b)
{
	if (a->header.time_ms != b->header.time_ms)
		return a->header.time_ms < b->header.time_ms ? -1 : 1;
	return (a->position > b->position) - (a->position < b->position);
}

struct value event_value(const struct event *event, struct text path)
{
	return value_at(event->payload, path);
}

char *origin_format(char out[33], struct origin_id id)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < sizeof id.bytes; i++) {
		out[2 * i] = digits[id.bytes[i] >> 4];
		out[2 * i + 1] = digits[id.bytes[i] & 15];
	}
	out[32] = 0;
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool origin_parse(struct text text, struct origin_id *id)
{
	struct origin_id parsed = {0};
	if (text.n != 2 * sizeof parsed.bytes)
		return false;
	for (size_t i = 0; i < sizeof parsed.bytes; i++) {
		int high = hex_digit(text.p[2 * i]), low = hex_digit(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		parsed.bytes[i] = (uint8_t)(high * 16 + low);
	}
	*id = parsed;
	return true;
}

bool origin_is_zero(struct origin_id id)
{
	static const struct origin_id zero;
	return memcmp(&id, &zero, sizeof id) == 0;
}

void origin_random(struct origin_id *id)
{
	do
		randombytes_buf(id->bytes, sizeof id->bytes);
	while (origin_is_zero(*id));
}
