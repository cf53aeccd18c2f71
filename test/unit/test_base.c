/* What the rest may rely on: texts, times, JSON, arenas. */
#include "unit.h"

#include "base/csv_cell.h"
#include "base/clock.h"
#include "base/damage.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/unit.h"

#include <string.h>

#include <string.h>

static void numbers_are_said_in_threes(void **state)
{
	(void)state;
	static const struct {
		uint64_t n;
		const char *says;
	} cases[] = {{0, "0"}, {7, "7"}, {999, "999"}, {1000, "1,000"}, {24719, "24,719"}, {123456, "123,456"}, {1234567, "1,234,567"},
	             {UINT64_MAX, "18,446,744,073,709,551,615"}};
	char room[COUNT_TEXT_BYTES];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(count_text(room, cases[i].n), cases[i].says);
}

static void damage_is_entered_once_and_counted_beyond_the_list(void **state)
{
	(void)state;
	struct damage found[DAMAGE_MAX + 1], refusal;
	damage_clear();
	assert_false(damage_refusal(&refusal));
	damage_found("sealing/slots", 448, DAMAGE_LOST, "Restore the slot from a copy of the keys.", "The key of history %d is damaged.", 7);
	damage_found("sealing/slots", 448, DAMAGE_LOST, "Restore the slot from a copy of the keys.", "The key of history %d is damaged.", 7);
	assert_int_equal(damage_list(found, DAMAGE_MAX), 1);
	assert_int_equal(found[0].times, 2);
	assert_string_equal(found[0].what, "The key of history 7 is damaged.");
	assert_string_equal(damage_effect_name(found[0].effect), "lost");
	for (uint64_t at = 0; at < DAMAGE_MAX; at++)
		damage_found("columns/1.sealed", at, at == 3 ? DAMAGE_REFUSED : DAMAGE_REBUILT, "Nothing to do.", "A row is damaged.");
	assert_int_equal(damage_list(found, DAMAGE_MAX + 1), DAMAGE_MAX);
	assert_int_equal(damage_count(), DAMAGE_MAX + 1);
	assert_true(damage_refusal(&refusal));
	assert_int_equal(refusal.offset, 3);
	assert_int_equal(damage_accept("columns/", "Restore a backup."), 1);
	assert_false(damage_refusal(&refusal));
	assert_int_equal(damage_list(found, 5), 5);
	assert_int_equal(found[4].effect, DAMAGE_LOST);
	assert_string_equal(found[4].remedy, "Restore a backup.");
	damage_clear();
	assert_int_equal(damage_count(), 0);
}

static void clock_parses_what_clients_send(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-05-03", 1777766400000},
		{"2015-2-02T00:30:12.984Z", 1422837012984},
		{"2010-12-30 14:32:00+01:00", 1293715920000},
		{"2011-12-06 13:41:31.788000+01:00", 1323175291788},
		{"2024-02-29T12:00:00-0530", 1709227800000},
		{" 2026-05-03T7:04Z ", 1777791840000},
	};
	static const char *const bad[] = {"",           "yesterday", "2026-13-01",       "2026-02-29",  "2026-05-03T25:00",
	                                  "2026-05-03X", "20260503", "2026-05-03T10:00+", "0000-01-01", "2026-05-03T10:00:00.Z"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int64_t ms;
		assert_int_equal(clock_parse(text_of(good[i].text), &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t ms = 7;
		assert_int_equal(clock_parse(text_of(bad[i]), &ms), ERROR_INVALID);
		assert_int_equal(ms, 7);
	}
}

static void clock_formats_and_takes_apart_what_it_parses(void **state)
{
	(void)state;
	char out[CLOCK_TEXT_BYTES];
	assert_text_equal(clock_format(out, 1422837012984), "2015-02-02T00:30:12.984Z");
	assert_text_equal(clock_format(out, -1), "1969-12-31T23:59:59.999Z");
	struct clock_parts parts = clock_parts_of(1777766400000);
	assert_int_equal(parts.weekday, 6); /* 3 May 2026 is a Sunday. */
	assert_int_equal(clock_parts_of(-1).weekday, 2);
}

static int64_t time_of(const char *text)
{
	int64_t ms;
	assert_int_equal(clock_parse(text_of(text), &ms), 0);
	return ms;
}

static void a_calendar_month_later_is_the_same_day_or_the_last(void **state)
{
	static const struct {
		const char *from;
		int months;
		const char *to;
	} known[] = {{"2026-05-03T07:04:01.5Z", 1, "2026-06-03T07:04:01.5Z"}, {"2026-01-31", 1, "2026-02-28"}, {"2028-01-31T23:59:59Z", 1, "2028-02-29T23:59:59Z"},
	             {"2026-11-30", 3, "2027-02-28"}, {"2026-12-31", 1, "2027-01-31"}, {"2026-08-31", 1, "2026-09-30"}, {"2026-05-03", 0, "2026-05-03"}, {"2026-10-15", 14, "2027-12-15"}};
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_int_equal(clock_months_after(time_of(known[i].from), known[i].months), time_of(known[i].to));
}

static void numbers_are_whole_or_refused(void **state)
{
	(void)state;
	int64_t number;
	assert_int_equal(text_to_int64(TEXT("-9223372036854775808"), &number), 0);
	assert_true(number == INT64_MIN);
	assert_int_equal(text_to_int64(TEXT("9223372036854775808"), &number), ERROR_INVALID);
	assert_int_equal(text_to_int64(TEXT("12a"), &number), ERROR_INVALID);
	assert_int_equal(text_to_int64(TEXT("-"), &number), ERROR_INVALID);
	double real;
	assert_int_equal(text_to_double(TEXT("2.5"), &real), 0);
	assert_int_equal(text_to_double(TEXT("2.5x"), &real), ERROR_INVALID);
	assert_int_equal(text_to_double(TEXT("inf"), &real), ERROR_INVALID);
}

static void utf8_is_checked_strictly(void **state)
{
	(void)state;
	assert_true(text_is_utf8(TEXT("Zürich \xf0\x9f\x8d\xb0")));
	assert_false(text_is_utf8(TEXT("\xc0\xaf")));
	assert_false(text_is_utf8(TEXT("\xed\xa0\x80")));
	assert_false(text_is_utf8(TEXT("\xf0\x9f\x8d")));
}

static void a_cut_leaves_no_half_of_a_character(void **state)
{
	(void)state;
	struct text cake = TEXT("Z\xc3\xbcrich \xf0\x9f\x8d\xb0");
	for (size_t n = 0; n <= cake.n + 1; n++) {
		struct text cut = text_cut(cake, n);
		assert_true(cut.n <= n && text_is_utf8(cut) && text_starts(cake, cut));
		assert_true(cut.n == cake.n || n - cut.n < 4);
	}
	assert_text_equal(text_cut(cake, 2), "Z");
	assert_text_equal(text_cut(cake, 3), "Z\xc3\xbc");
	assert_text_equal(text_cut(cake, cake.n - 1), "Z\xc3\xbcrich ");
	assert_text_equal(text_cut(cake, 100), "Z\xc3\xbcrich \xf0\x9f\x8d\xb0");
}

static void texts_are_cut_and_compared(void **state)
{
	(void)state;
	struct text rest = TEXT("a,,b"), part;
	assert_true(text_next(&rest, ',', &part));
	assert_text_equal(part, "a");
	assert_true(text_next(&rest, ',', &part));
	assert_text_equal(part, "");
	assert_true(text_next(&rest, ',', &part));
	assert_text_equal(part, "b");
	assert_false(text_next(&rest, ',', &part));
	assert_int_equal(text_distance(TEXT("kitten"), TEXT("sitting")), 3);
	assert_true(text_starts(TEXT("/v1/track"), TEXT("/v1/")));
	assert_true(text_ends(TEXT("a.xes.gz"), TEXT(".gz")));
}

static void json_reads_what_it_wrote(void **state)
{
	(void)state;
	struct buffer out = BUFFER_INIT(1 << 16);
	struct json_writer w = JSON_WRITER(&out);
	json_object_begin(&w);
	json_put_text(&w, "a\"b", TEXT("line\nquote\" back\\ \x01 end"));
	json_put_int(&w, "min", INT64_MIN);
	json_put_double(&w, "third", 1.0 / 3);
	json_key(&w, TEXT("list"));
	json_array_begin(&w);
	json_write_bool(&w, true);
	json_write_null(&w);
	json_object_begin(&w);
	json_object_end(&w);
	json_array_end(&w);
	json_put_time(&w, "at", 0);
	json_object_end(&w);

	struct json_parser *parser = json_parser_new(1 << 16, 16);
	struct json root, value;
	assert_int_equal(json_parse(parser, buffer_view(&out), &root), 0);
	assert_text_equal(json_text(json_get(root, TEXT("a\"b"))), "line\nquote\" back\\ \x01 end");
	int64_t whole;
	double real;
	assert_true(json_int(json_get(root, TEXT("min")), &whole));
	assert_true(whole == INT64_MIN);
	assert_true(json_double(json_get(root, TEXT("third")), &real));
	assert_true(real == 1.0 / 3);
	struct json list = json_get(root, TEXT("list"));
	assert_int_equal(json_count(list), 3);
	struct json_cursor cursor = {0};
	enum json_type seen[3];
	size_t n = 0;
	while (json_next_item(&cursor, list, &value))
		seen[n++] = json_type_of(value);
	assert_int_equal(n, 3);
	assert_int_equal(seen[0], JSON_BOOL);
	assert_int_equal(seen[1], JSON_NULL);
	assert_int_equal(seen[2], JSON_OBJECT);
	struct text key;
	cursor = (struct json_cursor){0};
	n = 0;
	struct text last = {0};
	while (json_next_member(&cursor, root, &key, &value)) {
		last = key;
		n++;
	}
	assert_int_equal(n, 5);
	assert_text_equal(last, "at");
	assert_int_equal(key.n, 0); /* At the end nothing is left over ... */
	assert_int_equal(json_type_of(value), JSON_ABSENT);
	cursor = (struct json_cursor){0}; /* ... and a list has no members, as an object has no items. */
	assert_false(json_next_member(&cursor, list, &key, &value));
	cursor = (struct json_cursor){0};
	assert_false(json_next_item(&cursor, root, &value));
	assert_int_equal(json_type_of(json_get(root, TEXT("none"))), JSON_ABSENT);
	assert_int_equal(json_type_of(json_get(list, TEXT("none"))), JSON_ABSENT);
	json_parser_free(parser);
	buffer_free(&out);
}

static void json_refuses_what_is_broken_large_or_deep(void **state)
{
	(void)state;
	struct json_parser *parser = json_parser_new(64, 4);
	struct json root;
	assert_int_equal(json_parse(parser, TEXT("{\"a\":}"), &root), ERROR_INVALID);
	assert_int_equal(json_parse(parser, TEXT("{} x"), &root), ERROR_INVALID);
	assert_int_equal(json_parse(parser, TEXT("\"\xff\""), &root), ERROR_INVALID);
	assert_int_equal(json_parse(parser, TEXT(""), &root), ERROR_INVALID);
	assert_int_equal(json_parse(parser, TEXT("[[[[[[1]]]]]]"), &root), ERROR_LIMIT);
	assert_int_equal(json_parse(parser, TEXT("\"0123456789012345678901234567890123456789012345678901234567890123456789\""),
	                            &root), ERROR_LIMIT);
	assert_int_equal(json_parse(parser, TEXT("[1]"), &root), 0);
	json_parser_free(parser);
}

static void arenas_are_bounded_and_start_again(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 200000);
	for (int round = 0; round < 3; round++) {
		size_t n = 0;
		while (arena_alloc(&arena, 1000))
			n++;
		assert_int_equal(n, 198); /* 1,008 bytes each, rounded to 16. */
		arena_reset(&arena);
	}
	assert_null(arena_zero_alloc(&arena, SIZE_MAX / 2, 3));
	memory_fail_at(1);
	struct arena failing;
	arena_init(&failing, 1000);
	assert_null(arena_alloc(&failing, 10));
	memory_fail_at(0);
	arena_free(&arena);
}

static void a_failed_buffer_says_so_and_stays_whole(void **state)
{
	(void)state;
	struct buffer out = BUFFER_INIT(100);
	buffer_string(&out, "fifty bytes of text and then a little bit more here");
	assert_false(out.failed);
	buffer_string(&out, "fifty bytes of text and then a little bit more here");
	assert_true(out.failed);
	assert_int_equal(out.n, 51);
	buffer_free(&out);
}

static void a_cell_of_csv_is_never_a_formula(void **state)
{
	static const char *const run[] = {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\xef\xbc\x9d" "1", "\xef\xbc\x8b" "1", "\xef\xbc\x8d" "1", "\xef\xbc\xa0" "1"};
	static const char *const plain[][2] = {{"", "\"\""}, {"a", "\"a\""}, {"a=b", "\"a=b\""}, {"a\"b", "\"a\"\"b\""}, {"\"", "\"\"\"\""}, {"\"\"", "\"\"\"\"\"\""}, {"a,b\nc", "\"a,b\nc\""}, {"'=1", "\"'=1\""}};
	struct buffer out = BUFFER_INIT(1000);
	(void)state;
	for (size_t i = 0; i < sizeof run / sizeof *run; i++) {
		buffer_reset(&out);
		csv_cell_put(&out, text_of(run[i]));
		assert_true(text_starts(buffer_view(&out), TEXT("\"'")));
		assert_int_equal(out.n, strlen(run[i]) + 3);
	}
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		buffer_reset(&out);
		csv_cell_put(&out, text_of(plain[i][0]));
		assert_true(text_equal(buffer_view(&out), text_of(plain[i][1])));
	}
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_is_entered_once_and_counted_beyond_the_list),
		cmocka_unit_test(clock_parses_what_clients_send),
		cmocka_unit_test(clock_formats_and_takes_apart_what_it_parses),
		cmocka_unit_test(a_calendar_month_later_is_the_same_day_or_the_last),
		cmocka_unit_test(numbers_are_whole_or_refused),
		cmocka_unit_test(utf8_is_checked_strictly),
		cmocka_unit_test(a_cut_leaves_no_half_of_a_character),
		cmocka_unit_test(numbers_are_said_in_threes),
		cmocka_unit_test(texts_are_cut_and_compared),
		cmocka_unit_test(json_reads_what_it_wrote),
		cmocka_unit_test(json_refuses_what_is_broken_large_or_deep),
		cmocka_unit_test(arenas_are_bounded_and_start_again),
		cmocka_unit_test(a_cell_of_csv_is_never_a_formula),
		cmocka_unit_test(a_failed_buffer_says_so_and_stays_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
