/* fuzz_record.c: any bytes, read as a record of the log and as a value; what passes must be safe to walk and to write. */
#include "event/event.h"

#include <stdlib.h>
#include <string.h>

static size_t walk(struct value value)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text key = {0};
	int64_t whole;
	double real;
	size_t n = value_text(value).n + value_int(value, &whole) + value_double(value, &real);
	while (value_next_member(&cursor, value, &key, &item))
		n += key.n + walk(item) + value_equal(value_get(value, key), item);
	return n;
}

static void use(struct value value)
{
	struct buffer json = BUFFER_INIT(1 << 22);
	struct json_writer writer = JSON_WRITER(&json);
	struct json_parser *parser = json_parser_new(1 << 22, 64);
	struct json root;
	walk(value);
	value_write_json(&writer, value);
	if (parser && !json.failed && json_parse(parser, buffer_view(&json), &root) != 0)
		abort(); /* What we write is JSON. */
	json_parser_free(parser);
	buffer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct text record = {(const char *)bytes, n};
	struct event event;
	if (value_check(record))
		use((struct value){bytes, n});
	if (event_decode(&event, record) == 0) {
		use(event.payload);
		event_value(&event, TEXT("properties.amount"));
		event_kind_name((enum event_kind)event.header.kind);
		channel_name((enum channel)event.header.channel);
	}
	return 0;
}
