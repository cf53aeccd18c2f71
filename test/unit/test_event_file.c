/* What the reader of event logs promises: good rows come through, bad lines are named, nothing crashes. */
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "event/import/event_file.h"
#include "event/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* What was read, as one text: "case|activity|lifecycle|ms|name=value,...\n" a row and "!line reason\n" a refusal. */
struct transcript {
	struct buffer text;
	bool with_attributes;
	int stop_after;
};

static int note_row(void *context, const struct event_row *row)
{
	struct transcript *transcript = context;
	buffer_format(&transcript->text, "%.*s|%.*s|%.*s|%lld", TEXT_ARGS(row->case_id), TEXT_ARGS(row->activity),
	              TEXT_ARGS(row->lifecycle), (long long)row->time_ms);
	for (size_t i = 0; i < row->attributes_n && transcript->with_attributes; i++)
		if (row->attributes[i].role == EVENT_OTHER)
			buffer_format(&transcript->text, "|%s%.*s=%.*s", row->attributes[i].of_case ? "case:" : "",
			              TEXT_ARGS(row->attributes[i].name), TEXT_ARGS(row->attributes[i].value));
	buffer_char(&transcript->text, '\n');
	return transcript->stop_after && --transcript->stop_after == 0 ? ERROR_CLOSED : 0;
}

static void note_reject(void *context, uint64_t line, const char *reason)
{
	struct transcript *transcript = context;
	buffer_format(&transcript->text, "!%llu %s\n", (unsigned long long)line, reason);
}

struct outcome {
	struct transcript transcript;
	int error;
	char problem[1024];
	uint64_t rows, rejected;
};

static struct outcome read_text(struct text bytes, enum event_format format, const struct event_map *map)
{
	struct outcome outcome = {.transcript = {.text = BUFFER_INIT(1 << 24), .with_attributes = true}};
	struct event_file *file;
	struct event_sink sink = {&outcome.transcript, note_row, note_reject};
	assert_int_equal(event_file_open_memory(&file, bytes, format, map), 0);
	outcome.error = event_file_read(file, &sink);
	snprintf(outcome.problem, sizeof outcome.problem, "%s", event_file_problem(file));
	outcome.rows = event_file_rows(file);
	outcome.rejected = event_file_rejected(file);
	event_file_close(file);
	return outcome;
}

static void expect(const char *bytes, enum event_format format, const struct event_map *map, const char *wanted)
{
	struct outcome outcome = read_text(text_of(bytes), format, map);
	if (outcome.error)
		fail_msg("%d: %s", outcome.error, outcome.problem);
	assert_text_equal(buffer_view(&outcome.transcript.text), wanted);
	buffer_free(&outcome.transcript.text);
}

static void expect_error(const char *bytes, enum event_format format, const struct event_map *map, int error,
                         const char *problem, uint64_t rows)
{
	struct outcome outcome = read_text(text_of(bytes), format, map);
	assert_int_equal(outcome.error, error);
	assert_string_equal(outcome.problem, problem);
	assert_int_equal(outcome.rows, rows);
	buffer_free(&outcome.transcript.text);
}

static void csv_knows_quotes_line_breaks_delimiters_and_marks(void **state)
{
	(void)state;
	expect("case_id,activity,time,note\n1,a,1970-01-01,x\n", 0, NULL, "1|a||0|note=x\n");
	expect("\xef\xbb\xbf" "case_id;activity;time;note\r\n1;\"a \"\"b\"\"; c\";1970-01-01;\"two\r\nlines\"\r\n2;d;1970-01-02;\r\n",
	       0, NULL, "1|a \"b\"; c||0|note=two\r\nlines\n2|d||86400000|note=\n");
	expect("case\tevent\ttimestamp\n1\ta\t1\n\n2\tb\t1700000000000", 0, NULL, "1|a||1000\n2|b||1700000000000\n");
	expect("Customer|Event|Time\n1|a|0\n", 0, NULL, "1|a||0\n");
	expect("\"case\",\"activity\",\"time\"\n\"\",\"a\",\"0\"\n", 0, NULL, "!2 the case is empty\n");
	expect("case:concept:name,concept:name,time:timestamp,lifecycle:transition,case:channel\n1,a,1970-01-01,complete,web\n",
	       0, NULL, "1|a|complete|0|case:channel=web\n");
	expect("", EVENT_FORMAT_CSV, NULL, "");
	expect("case,activity,time\n", EVENT_FORMAT_CSV, NULL, "");
}

static void a_broken_line_is_named_and_the_ones_beside_it_come_through(void **state)
{
	(void)state;
	expect("case,activity,time\n1,a,0\n2,b\n3,c,yesterday\n4,\"d,0\n5,e,0\n6,\"f\"x,0\n7,\xff,0\n,g,0\n8,,0\n9,\"h\nh\",0\n10,i,-\n"
	       "11,j,0\n",
	       0, NULL,
	       "1|a||0\n"
	       "!3 it has 2 fields where the header has 3\n"
	       "!4 the time \"yesterday\" is no date and time\n"
	       "!5 the line is broken: something stands behind a closing quote\n"
	       "5|e||0\n"
	       "!7 the line is broken: something stands behind a closing quote\n"
	       "!8 it is not UTF-8\n"
	       "!9 the case is empty\n"
	       "!10 the activity is empty\n"
	       "9|h\nh||0\n"
	       "!13 the time \"-\" is no date and time\n"
	       "11|j||0\n");
	expect("case,activity,time\n1,a,\x1b[31mred\n", 0, NULL, "!2 the time \"?[31mred\" is no date and time\n");
	expect("case,activity,time\n1,\"a,0\n2,b,0\n3,c,0", 0, NULL,
	       "!2 the line is broken: a quote is opened and never closed\n2|b||0\n3|c||0\n");
	expect("case,activity,time\n1,a,99999999999999999\n2,b,1e3\n", 0, NULL,
	       "!2 the time \"99999999999999999\" is no date and time\n!3 the time \"1e3\" is no date and time\n");
}

static void a_huge_field_costs_its_line_alone(void **state)
{
	(void)state;
	struct buffer csv = BUFFER_INIT(1 << 24), json = BUFFER_INIT(1 << 24);
	buffer_string(&csv, "case,activity,time\n1,a,0\n2,");
	buffer_string(&json, "{\"case\":\"1\",\"activity\":\"a\",\"time\":0}\n{\"case\":\"");
	for (int i = 0; i < 3 * 1024 * 1024; i++) {
		buffer_char(&csv, 'x');
		buffer_char(&json, 'x');
	}
	buffer_string(&csv, ",0\n3,c,0\n");
	buffer_string(&json, "\"}\n{\"case\":\"3\",\"activity\":\"c\",\"time\":0}\n");
	struct outcome outcome = read_text(buffer_view(&csv), EVENT_FORMAT_CSV, NULL);
	assert_int_equal(outcome.error, 0);
	assert_text_equal(buffer_view(&outcome.transcript.text),
	                  "1|a||0\n!3 the line is broken: it is longer than a line may be, or a quote is never closed\n3|c||0\n");
	buffer_free(&outcome.transcript.text);
	outcome = read_text(buffer_view(&json), EVENT_FORMAT_NDJSON, NULL);
	assert_int_equal(outcome.error, 0);
	assert_text_equal(buffer_view(&outcome.transcript.text), "1|a||0\n!2 the line is longer than 1048576 bytes\n3|c||0\n");
	buffer_free(&outcome.transcript.text);
	buffer_free(&csv);
	buffer_free(&json);
}

static void a_column_that_is_not_there_is_an_error_that_lists_those_that_are(void **state)
{
	(void)state;
	struct event_map map = {.columns = {[EVENT_CASE] = TEXT("kunde")}};
	expect_error("a,b,c\n1,2,3\n", EVENT_FORMAT_CSV, NULL, ERROR_NOT_FOUND,
	             "no column looks like the case; name it with --case or in a map; there are: \"a\", \"b\", \"c\"", 0);
	expect_error("case,activity,time\n1,2,3\n", EVENT_FORMAT_CSV, &map, ERROR_NOT_FOUND,
	             "there is no column \"kunde\" for the case; there are: \"case\", \"activity\", \"time\"", 0);
	expect_error("{\"a\":1,\"b\":{\"c\":2}}\n", EVENT_FORMAT_NDJSON, &map, ERROR_NOT_FOUND,
	             "there is no column \"kunde\" for the case; there are: \"a\", \"b.c\"", 0);
	expect_error("<log><trace><event><string key='x' value='1'/></event></trace></log>", 0, NULL, ERROR_NOT_FOUND,
	             "no column looks like the activity; name it with --activity or in a map; there are: \"x\"", 0);
}

static void ndjson_joins_names_with_dots_and_refuses_what_is_no_event(void **state)
{
	(void)state;
	struct event_map map = {.columns = {[EVENT_CASE] = TEXT("properties.order"), [EVENT_TIME] = TEXT("sent.at")},
	                        .keep = {TEXT("properties.amount")}, .keep_n = 1, .keep_listed = true};
	expect("{\"userId\":\"u1\",\"event\":\"Paid\",\"timestamp\":\"1970-01-01T00:00:01Z\",\"properties\":{\"amount\":2.5,\"n\":3,"
	       "\"ok\":true,\"none\":null,\"list\":[1]}}\r\n"
	       "\n"
	       "{\"userId\":\"u1\",\"event\":}\n"
	       "[1]\n"
	       "{\"userId\":\"u1\",\"timestamp\":0}\n"
	       "{\"anonymousId\":7,\"userId\":\"\",\"type\":\"page\",\"timestamp\":5}",
	       0, NULL,
	       "u1|Paid||1000|properties.amount=2.5|properties.n=3|properties.ok=true\n"
	       "!3 this is not JSON: The JSON document has an improper structure: missing or superfluous commas, braces, missing"
	       " keys, etc.\n"
	       "!4 an event is an object, this is a list\n"
	       "!5 the activity is missing\n"
	       "7|page||5000|userId=\n");
	expect("{\"event\":\"e\",\"properties\":{\"order\":12,\"amount\":1,\"other\":2},\"sent\":{\"at\":\"1970-01-01\"}}\n",
	       EVENT_FORMAT_NDJSON, &map, "12|e||0|properties.amount=1\n");
}

static void xes_gives_attributes_of_traces_and_events_and_passes_over_the_rest(void **state)
{
	(void)state;
	expect("<?xml version='1.0'?>\n<log>\n<global scope='event'><string key='concept:name' value='G'/></global>\n"
	       "<string key='concept:name' value='the log'/>\n"
	       "<trace><string key='concept:name' value='A&amp;B'/><string key='channel' value='web'/>\n"
	       "<event><string key='concept:name' value='a'><string key='concept:name' value='nested'/></string>"
	       "<date key='time:timestamp' value='1970-01-01T00:00:00.001+00:00'/><string key='lifecycle:transition' value='start'/>"
	       "<int key='n' value='5'/></event>\n"
	       "<event><string key='concept:name' value='b'/>\n<date key='time:timestamp' value='soon'/></event>\n"
	       "</trace>\n<trace><event><string key='concept:name' value='c'/><date key='time:timestamp' value='1970-01-02'/></event>"
	       "</trace><event><string key='concept:name' value='d'/></event></log>",
	       0, NULL,
	       "A&B|a|start|1|n=5|case:channel=web\n"
	       "!8 the time \"soon\" is no date and time\n"
	       "trace 2|c||86400000\n"
	       "!10 the case is missing\n");
	expect("<log/>", 0, NULL, "");
}

#define XES_EVENT "<event><string key='concept:name' value='a'/><date key='time:timestamp' value='1970-01-01'/></event>"

static void broken_xml_stops_with_its_line_after_the_good_events(void **state)
{
	(void)state;
	expect_error("<log><trace>\n" XES_EVENT "\n<event><string key=", EVENT_FORMAT_XES, NULL, ERROR_CORRUPT,
	             "line 3: this is not well-formed XML: unclosed token", 1);
	expect_error("<log><trace>\n" XES_EVENT "\n</log>", EVENT_FORMAT_XES, NULL, ERROR_CORRUPT,
	             "line 3: this is not well-formed XML: mismatched tag", 1);
	expect_error("", EVENT_FORMAT_XES, NULL, ERROR_CORRUPT, "line 1: this is not well-formed XML: no element found", 0);
	struct buffer deep = BUFFER_INIT(1 << 20);
	for (int i = 0; i < 100; i++)
		buffer_string(&deep, "<a>");
	struct outcome outcome = read_text(buffer_view(&deep), EVENT_FORMAT_XES, NULL);
	assert_int_equal(outcome.error, ERROR_LIMIT);
	buffer_free(&outcome.transcript.text);
	buffer_free(&deep);
}

static void xml_without_end_is_bounded(void **state)
{
	(void)state;
	struct buffer endless = BUFFER_INIT(1 << 25);
	buffer_string(&endless, "<log x='");
	for (int i = 0; i < 6 * 1024 * 1024; i++)
		buffer_char(&endless, 'x');
	struct outcome outcome = read_text(buffer_view(&endless), EVENT_FORMAT_XES, NULL);
	assert_int_equal(outcome.error, ERROR_LIMIT);
	assert_string_equal(outcome.problem, "line 1: more than 4194304 bytes without a beginning element");
	buffer_free(&outcome.transcript.text);
	buffer_free(&endless);
}

static void entity_bombs_are_refused(void **state)
{
	(void)state;
	expect_error("<!DOCTYPE log [\n<!ENTITY a 'ha'>\n<!ENTITY b '&a;&a;&a;'>\n]>\n<log>&b;</log>", EVENT_FORMAT_XES, NULL,
	             ERROR_CORRUPT, "line 2: entity declarations are refused", 0);
	expect_error("<!DOCTYPE log [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><log>&x;</log>", EVENT_FORMAT_XES, NULL,
	             ERROR_CORRUPT, "line 1: entity declarations are refused", 0);
}

static size_t pack(unsigned char *out, size_t room, const char *text)
{
	z_stream stream = {0};
	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (unsigned char *)(uintptr_t)text;
	stream.avail_in = (unsigned)strlen(text);
	stream.next_out = out;
	stream.avail_out = (unsigned)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t n = room - stream.avail_out;
	deflateEnd(&stream);
	return n;
}

static void gzip_is_told_by_content_and_a_broken_one_is_an_error(void **state)
{
	(void)state;
	static unsigned char packed[4096];
	size_t first = pack(packed, sizeof packed, "case,activity,time\n1,a,0\n");
	size_t n = first + pack(packed + first, sizeof packed - first, "2,b,0\n");
	struct text whole = {(const char *)packed, n};
	struct outcome outcome = read_text(whole, EVENT_FORMAT_UNKNOWN, NULL);
	assert_int_equal(outcome.error, 0);
	assert_text_equal(buffer_view(&outcome.transcript.text), "1|a||0\n2|b||0\n");
	buffer_free(&outcome.transcript.text);
	for (size_t cut = 2; cut < n; cut++) {
		outcome = read_text(text_first(whole, cut), EVENT_FORMAT_CSV, NULL);
		if (cut != first)
			assert_int_equal(outcome.error, ERROR_CORRUPT);
		buffer_free(&outcome.transcript.text);
	}
	packed[n] = 'x';
	outcome = read_text((struct text){(const char *)packed, n + 1}, EVENT_FORMAT_CSV, NULL);
	assert_int_equal(outcome.error, ERROR_CORRUPT);
	buffer_free(&outcome.transcript.text);
	packed[n] = 0;
	outcome = read_text((struct text){(const char *)packed, n + 1}, EVENT_FORMAT_CSV, NULL);
	assert_int_equal(outcome.error, 0);
	buffer_free(&outcome.transcript.text);
	for (size_t at = 2; at < first; at++) {
		packed[at] ^= 0x55;
		outcome = read_text(whole, EVENT_FORMAT_CSV, NULL);
		buffer_free(&outcome.transcript.text);
		packed[at] ^= 0x55;
	}
}

static void a_sink_stops_the_reading(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum event_format format;
	} logs[] = {
		{"case,activity,time\n1,a,0\n1,b,0\n", EVENT_FORMAT_CSV},
		{"{\"case\":1,\"event\":\"a\",\"time\":0}\n{\"case\":1,\"event\":\"a\",\"time\":0}\n", EVENT_FORMAT_NDJSON},
		{"<log><trace>" XES_EVENT XES_EVENT "</trace></log>", EVENT_FORMAT_XES},
	};
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		struct transcript transcript = {.text = BUFFER_INIT(1000), .stop_after = 1};
		struct event_sink sink = {&transcript, note_row, NULL};
		struct event_file *file;
		assert_int_equal(event_file_open_memory(&file, text_of(logs[i].text), logs[i].format, NULL), 0);
		assert_int_equal(event_file_read(file, &sink), ERROR_CLOSED);
		assert_int_equal(event_file_rows(file), 1);
		event_file_close(file);
		buffer_free(&transcript.text);
	}
}

static void without_memory_reading_fails_and_loses_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum event_format format;
	} logs[] = {
		{"case,activity,time,\"no\"\"te\"\n1,a,0,x\n1,b,0,\n", EVENT_FORMAT_CSV},
		{"{\"case\":1,\"event\":\"a\",\"time\":0,\"x\":{\"y\":2.5}}\n", EVENT_FORMAT_NDJSON},
		{"<log><trace>" XES_EVENT XES_EVENT "</trace></log>", EVENT_FORMAT_XES},
	};
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		bool done = false;
		for (uint64_t nth = 1; !done; nth++) {
			struct transcript transcript = {.text = BUFFER_INIT(1000)};
			struct event_sink sink = {&transcript, note_row, note_reject};
			struct event_file *file = NULL;
			buffer_reserve(&transcript.text, 900);
			memory_fail_at(nth);
			int error = event_file_open_memory(&file, text_of(logs[i].text), logs[i].format, NULL);
			if (!error)
				error = event_file_read(file, &sink);
			done = memory_count() < nth;
			memory_fail_at(0);
			assert_true(!done || error == 0);
			assert_true(nth < 1000);
			event_file_close(file);
			buffer_free(&transcript.text);
		}
	}
}

static void a_map_says_where_it_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *problem;
		int error;
	} maps[] = {
		{"case: a\nactivity: b\n", "", 0},
		{"case: a\nactivty: b\n", "line 2, column 1: there is no key \"activty\"; did you mean \"activity\"?", ERROR_INVALID},
		{"customers_and_more: b\n",
		 "line 1, column 1: there is no key \"customers_and_more\"; there are case, activity, time, lifecycle and attributes",
		 ERROR_INVALID},
		{"case: a\ncase: b\n", "line 2, column 1: \"case\" stands here twice", ERROR_INVALID},
		{"case: [a]\n", "line 1, column 7: case wants the name of a column", ERROR_INVALID},
		{"attributes: a\n", "line 1, column 13: attributes wants a list of columns", ERROR_INVALID},
		{"case:\n", "line 1, column 6: case has no name of a column", ERROR_INVALID},
		{"- a\n", "line 1, column 1: a map is keys with columns, such as \"activity: concept:name\"", ERROR_INVALID},
		{"case: {\n", "line 1, column 7: case wants the name of a column", ERROR_INVALID},
		{"", "", 0},
	};
	struct arena arena;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		char problem[EVENT_MAP_ERROR_BYTES];
		struct event_map map;
		assert_int_equal(event_map_parse(&map, &arena, text_of(maps[i].yaml), problem), maps[i].error);
		assert_string_equal(problem, maps[i].problem);
	}
	char problem[EVENT_MAP_ERROR_BYTES];
	struct event_map map;
	assert_int_equal(event_map_parse(&map, &arena, TEXT("case: case:concept:name\ntime: 'sent at'\nattributes:\n- x\n- case:y\n"),
	                                 problem), 0);
	assert_text_equal(map.columns[EVENT_CASE], "case:concept:name");
	assert_text_equal(map.columns[EVENT_TIME], "sent at");
	assert_int_equal(map.columns[EVENT_ACTIVITY].n, 0);
	assert_true(map.keep_listed);
	assert_int_equal(map.keep_n, 2);
	assert_text_equal(map.keep[1], "case:y");
	arena_free(&arena);
}

static void names_are_numbered_as_they_come_and_bounded(void **state)
{
	(void)state;
	struct names names;
	uint32_t number;
	names_init(&names, 1000, 1 << 20);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 1000; i++) {
			char name[16];
			int n = snprintf(name, sizeof name, "%x", i * 7919);
			assert_int_equal(names_add(&names, (struct text){name, i ? (size_t)n : 0}, &number), 0);
			assert_int_equal(number, i);
		}
	assert_int_equal(names_add(&names, TEXT("one more"), &number), ERROR_LIMIT);
	assert_true(names_find(&names, TEXT(""), &number));
	assert_int_equal(number, 0);
	assert_false(names_find(&names, TEXT("one more"), &number));
	assert_text_equal(names_text(&names, 1), "1eef");
	names_free(&names);
	names_init(&names, 10, 3);
	assert_int_equal(names_add(&names, TEXT("abc"), &number), 0);
	assert_int_equal(names_add(&names, TEXT("d"), &number), ERROR_LIMIT);
	names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_knows_quotes_line_breaks_delimiters_and_marks),
		cmocka_unit_test(a_broken_line_is_named_and_the_ones_beside_it_come_through),
		cmocka_unit_test(a_huge_field_costs_its_line_alone),
		cmocka_unit_test(a_column_that_is_not_there_is_an_error_that_lists_those_that_are),
		cmocka_unit_test(ndjson_joins_names_with_dots_and_refuses_what_is_no_event),
		cmocka_unit_test(xes_gives_attributes_of_traces_and_events_and_passes_over_the_rest),
		cmocka_unit_test(broken_xml_stops_with_its_line_after_the_good_events),
		cmocka_unit_test(xml_without_end_is_bounded),
		cmocka_unit_test(entity_bombs_are_refused),
		cmocka_unit_test(gzip_is_told_by_content_and_a_broken_one_is_an_error),
		cmocka_unit_test(a_sink_stops_the_reading),
		cmocka_unit_test(without_memory_reading_fails_and_loses_nothing),
		cmocka_unit_test(a_map_says_where_it_is_wrong),
		cmocka_unit_test(names_are_numbered_as_they_come_and_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
