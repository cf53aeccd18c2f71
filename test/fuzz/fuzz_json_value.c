/* fuzz_json_value.c: any bytes, read as JSON, into a value and back: the second time round gives the same JSON (3e1 has become 30). */
#include "event/event.h"

#include <stdlib.h>

static int round_trip(struct json_parser *parser, struct text text, struct buffer *json)
{
	struct buffer value = BUFFER_INIT(4 * EVENT_BYTES_MAX);
	struct json root;
	int error = json_parse(parser, text, &root);
	if (!error)
		error = value_put_json(&value, root, EVENT_NESTING_MAX);
	if (!error) {
		struct json_writer writer = JSON_WRITER(json);
		if (!value_check(buffer_view(&value)))
			abort();
		value_write_json(&writer, (struct value){(const uint8_t *)value.p, value.n});
		error = json->failed ? ERROR_LIMIT : 0;
	}
	buffer_free(&value);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct json_parser *parser = json_parser_new(8 * EVENT_BYTES_MAX, 40);
	struct buffer first = BUFFER_INIT(8 * EVENT_BYTES_MAX), second = BUFFER_INIT(8 * EVENT_BYTES_MAX);
	if (parser && round_trip(parser, (struct text){(const char *)bytes, n}, &first) == 0 &&
	    (round_trip(parser, buffer_view(&first), &second) != 0 || !text_equal(buffer_view(&first), buffer_view(&second))))
		abort();
	buffer_free(&first);
	buffer_free(&second);
	json_parser_free(parser);
	return 0;
}
