/* What stands in the log and in states: values, events, names, rows, and what survives damage. */
#include "unit.h"

#include "folder.h"
#include "random.h"

#include "base/memory.h"
#include "engine/dedupe.h"
#include "engine/directory.h"
#include "engine/latest.h"
#include "event/columns.h"
#include "event/dictionary.h"
#include "event/event.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static struct text encoded(struct json_parser *parser, struct buffer *out, const char *json)
{
	struct json root;
	assert_int_equal(json_parse(parser, text_of(json), &root), 0);
	buffer_reset(out);
	assert_int_equal(value_put_json(out, root, 16), 0);
	return buffer_view(out);
}

static void json_goes_into_a_value_and_comes_out_the_same(void **state)
{
	(void)state;
	static const char *const documents[] = {
		"null", "true", "-9223372036854775808", "9223372036854775807", "0.1", "1e+300", "\"\"", "\"h\xc3\xa9 \\\"\\n\"", "[]", "{}",
		"[1,[2,[3,{\"a\":[null,false]}]]]", "{\"a\":{\"b\":{\"c\":-1.5}},\"\":\"empty key\",\"n\":[\"x\",\"y\"]}"};
	struct json_parser *parser = json_parser_new(1 << 16, 32);
	struct buffer value = BUFFER_INIT(1 << 16), json = BUFFER_INIT(1 << 16), again = BUFFER_INIT(1 << 16);
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		struct text bytes = encoded(parser, &value, documents[i]);
		assert_true(value_check(bytes));
		buffer_reset(&json);
		struct json_writer writer = JSON_WRITER(&json);
		value_write_json(&writer, (struct value){(const uint8_t *)bytes.p, bytes.n});
		assert_text_equal(buffer_view(&json), documents[i]);
		struct text second = encoded(parser, &again, documents[i]);
		assert_true(text_equal(bytes, second));
	}
	buffer_free(&value);
	buffer_free(&json);
	buffer_free(&again);
	json_parser_free(parser);
}

static void a_value_that_goes_out_exactly_comes_back_to_the_byte(void **state)
{
	(void)state;
	static const double numbers[] = {0, 5, -5, 1e14, 1e15, 1e16, 123456789012345678.0, 1e300, -0.0, 0.1, 2.5e-7, 9007199254740993.0};
	struct json_parser *parser = json_parser_new(1 << 16, 32);
	struct buffer value = BUFFER_INIT(1 << 16), json = BUFFER_INIT(1 << 16), again = BUFFER_INIT(1 << 16);
	size_t list = value_open(&value, VALUE_ARRAY);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		value_put_double(&value, numbers[i]);
		value_put_int(&value, (int64_t)i - 3);
	}
	value_close(&value, list);
	struct json_writer writer = JSON_WRITER(&json);
	struct json root;
	value_write_exact(&writer, (struct value){(const uint8_t *)value.p, value.n});
	assert_int_equal(json_parse(parser, buffer_view(&json), &root), 0);
	assert_int_equal(value_put_json(&again, root, 16), 0);
	assert_true(text_equal(buffer_view(&value), buffer_view(&again)));
	buffer_free(&value);
	buffer_free(&json);
	buffer_free(&again);
	json_parser_free(parser);
}

/* Walk all of it, as readers do: a sanitizer watches. */
static size_t walked(struct value value)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text key;
	size_t n = 1;
	while (value_next_member(&cursor, value, &key, &item))
		n += walked(item);
	return n + value_text(value).n;
}

static void a_value_that_is_cut_or_changed_is_refused_or_safe_to_read(void **state)
{
	(void)state;
	struct json_parser *parser = json_parser_new(1 << 16, 32);
	struct buffer value = BUFFER_INIT(1 << 16), json = BUFFER_INIT(1 << 20);
	struct text whole = encoded(parser, &value, "{\"a\":{\"b\":[1,2.5,\"text\",null,true]},\"long\":\"0123456789012345\",\"o\":{}}");
	uint64_t seed = 11;
	for (size_t n = 0; n < whole.n; n++) {
		char *cut = malloc(n ? n : 1);
		memcpy(cut, whole.p, n);
		assert_false(value_check((struct text){cut, n}));
		free(cut);
	}
	for (int i = 0; i < 20000; i++) {
		char *copy = malloc(whole.n);
		memcpy(copy, whole.p, whole.n);
		for (uint32_t edits = 1 + random_below(&seed, 3); edits; edits--)
			copy[random_below(&seed, (uint32_t)whole.n)] = (char)random_next(&seed);
		struct value changed = {(const uint8_t *)copy, whole.n};
		if (value_check((struct text){copy, whole.n})) {
			assert_true(walked(changed) > 0);
			buffer_reset(&json);
			struct json_writer writer = JSON_WRITER(&json);
			struct json root;
			value_write_json(&writer, changed);
			assert_int_equal(json_parse(parser, buffer_view(&json), &root), 0);
		}
		free(copy);
	}
	buffer_free(&value);
	buffer_free(&json);
	json_parser_free(parser);
}

static void nesting_and_size_of_a_value_are_bounded(void **state)
{
	(void)state;
	struct buffer deep = BUFFER_INIT(1 << 16);
	size_t opened[VALUE_DEPTH_MAX + 1];
	for (int depth = 0; depth <= VALUE_DEPTH_MAX; depth++)
		opened[depth] = value_open(&deep, VALUE_ARRAY);
	for (int depth = VALUE_DEPTH_MAX; depth >= 0; depth--)
		value_close(&deep, opened[depth]);
	assert_false(value_check(buffer_view(&deep)));
	assert_true(value_check((struct text){deep.p + 5, deep.n - 5}));
	buffer_free(&deep);
	struct json_parser *parser = json_parser_new(1 << 16, 32);
	struct json root;
	struct buffer small = BUFFER_INIT(16);
	assert_int_equal(json_parse(parser, TEXT("[[[1]]]"), &root), 0);
	assert_int_equal(value_put_json(&deep, root, 2), ERROR_LIMIT);
	assert_int_equal(value_put_json(&small, root, 3), ERROR_LIMIT);
	buffer_free(&deep);
	buffer_free(&small);
	json_parser_free(parser);
}

static void a_record_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	static const char object[] = {VALUE_OBJECT, 0, 0, 0, 0};
	struct {
		struct event_header header;
		char payload[8];
	} record = {.header = {.kind = EVENT_TRACK, .payload_length = 5}};
	struct event event;
	memcpy(record.payload, object, sizeof object);
	struct text bytes = {(const char *)&record, sizeof record.header + 5};
	assert_int_equal(event_decode(&event, bytes), 0);
	assert_int_equal(event.payload.n, 5);
	for (size_t n = 0; n < bytes.n; n++)
		assert_int_equal(event_decode(&event, text_first(bytes, n)), ERROR_CORRUPT);
	record.header.kind = EVENT_KIND_END;
	assert_int_equal(event_decode(&event, bytes), ERROR_CORRUPT);
	record.header.kind = 0;
	assert_int_equal(event_decode(&event, bytes), ERROR_CORRUPT);
	record.header.kind = EVENT_TRACK;
	record.payload[0] = VALUE_ARRAY;
	assert_int_equal(event_decode(&event, bytes), ERROR_CORRUPT);
	record.payload[0] = VALUE_OBJECT;
	record.header.payload_length = 0;
	assert_int_equal(event_decode(&event, bytes), ERROR_CORRUPT);
	struct origin_id id, parsed;
	char hex[33];
	origin_random(&id);
	assert_true(origin_parse(text_of(origin_format(hex, id)), &parsed));
	assert_memory_equal(&id, &parsed, sizeof id);
	hex[31] = 'g';
	assert_false(origin_parse(text_of(hex), &parsed));
	assert_false(origin_parse(TEXT("00"), &parsed));
}

/* ---- names ---- */

static int refuse(void *arg, uint32_t number, struct text name)
{
	(void)arg;
	(void)number;
	(void)name;
	return ERROR_FULL;
}

static void a_name_gets_its_number_once_its_record_is_written(void **state)
{
	(void)state;
	struct dictionary *dictionary = dictionary_new();
	uint32_t number = 99, again;
	char name[DICTIONARY_NAME_BYTES_MAX + 2];
	memset(name, 'n', sizeof name);
	assert_int_equal(dictionary_number(dictionary, TEXT("a"), refuse, NULL, &number), ERROR_FULL);
	assert_int_equal(number, 99);
	assert_int_equal(dictionary_find(dictionary, TEXT("a")), 0);
	assert_int_equal(dictionary_number(dictionary, TEXT("a"), NULL, NULL, &number), 0);
	assert_int_equal(number, 1);
	assert_int_equal(dictionary_number(dictionary, TEXT("a"), refuse, NULL, &again), 0);
	assert_int_equal(again, 1);
	assert_text_equal(dictionary_name(dictionary, 1), "a");
	assert_int_equal(dictionary_name(dictionary, 2).n, 0);
	assert_int_equal(dictionary_number(dictionary, TEXT(""), NULL, NULL, &again), ERROR_LIMIT);
	assert_int_equal(dictionary_number(dictionary, (struct text){name, sizeof name - 1}, NULL, NULL, &again), ERROR_LIMIT);
	assert_int_equal(dictionary_restore(dictionary, 1, TEXT("a")), 0);
	assert_int_equal(dictionary_restore(dictionary, 1, TEXT("b")), ERROR_CORRUPT);
	assert_int_equal(dictionary_restore(dictionary, 3, TEXT("b")), ERROR_CORRUPT);
	assert_int_equal(dictionary_restore(dictionary, 2, TEXT("b")), 0);
	for (uint32_t i = 3; i <= DICTIONARY_NAMES_MAX; i++) {
		snprintf(name, sizeof name, "name %u", i);
		assert_int_equal(dictionary_number(dictionary, text_of(name), NULL, NULL, &number), 0);
		assert_int_equal(number, i);
	}
	assert_int_equal(dictionary_number(dictionary, TEXT("one more"), NULL, NULL, &number), ERROR_LIMIT);
	assert_int_equal(dictionary_restore(dictionary, DICTIONARY_NAMES_MAX + 1, TEXT("one more")), ERROR_CORRUPT);
	dictionary_free(dictionary);
}

static void a_number_given_back_is_the_next_ones_and_all_other_names_are_still_found(void **state)
{
	(void)state;
	struct dictionary *dictionary = dictionary_new();
	uint32_t number;
	char name[32];
	for (uint32_t i = 1; i <= DICTIONARY_NAMES_MAX; i++) { /* As full as it gets: slots stand close. */
		snprintf(name, sizeof name, "name %u", i);
		assert_int_equal(dictionary_number_public(dictionary, text_of(name), NULL, NULL, &number), 0);
	}
	uint32_t mark = dictionary_mark(dictionary);
	for (uint32_t i = 1; i <= DICTIONARY_NAMES_MAX; i += 3)
		assert_int_equal(dictionary_give_back(dictionary, i), 0);
	assert_int_equal(dictionary_give_back(dictionary, 1), 0); /* Known: a log is replayed from a snapshot that knew it. */
	assert_int_equal(dictionary_give_back(dictionary, DICTIONARY_NAMES_MAX + 1), ERROR_CORRUPT);
	assert_int_equal(dictionary_give_back(dictionary, 0), ERROR_CORRUPT);
	for (uint32_t i = 1; i <= DICTIONARY_NAMES_MAX; i++) {
		snprintf(name, sizeof name, "name %u", i);
		assert_int_equal(dictionary_find(dictionary, text_of(name)), i % 3 == 1 ? 0 : i);
	}
	assert_int_equal(dictionary_taken(dictionary), DICTIONARY_NAMES_MAX - (DICTIONARY_NAMES_MAX + 2) / 3);
	assert_int_equal(dictionary_public_count(dictionary), dictionary_taken(dictionary));
	assert_int_equal(dictionary_number(dictionary, TEXT("new"), refuse, NULL, &number), ERROR_FULL);
	assert_int_equal(dictionary_number(dictionary, TEXT("new"), NULL, NULL, &number), 0);
	assert_int_equal(number % 3, 1);
	assert_int_equal(dictionary_mark_of(dictionary, number), mark + 1);
	assert_text_equal(dictionary_name(dictionary, number), "new");
	assert_int_equal(dictionary_restore(dictionary, 4, TEXT("replayed")), 0);
	assert_int_equal(dictionary_find(dictionary, TEXT("replayed")), 4);
	assert_int_equal(dictionary_restore(dictionary, 5, TEXT("replayed")), ERROR_CORRUPT);
	dictionary_free(dictionary);
}

static void names_from_public_keys_are_bounded_and_all_others_have_the_rest(void **state)
{
	(void)state;
	struct dictionary *dictionary = dictionary_new();
	uint32_t number = 99;
	char name[32];
	dictionary_public_bound(dictionary, 3);
	assert_int_equal(dictionary_number(dictionary, TEXT("own"), NULL, NULL, &number), 0);
	for (int i = 0; i < 3; i++) {
		assert_false(dictionary_public_is_full(dictionary));
		snprintf(name, sizeof name, "public %d", i);
		assert_int_equal(dictionary_number_public(dictionary, text_of(name), NULL, NULL, &number), 0);
		assert_true(dictionary_is_public(dictionary, number));
	}
	assert_true(dictionary_public_is_full(dictionary));
	number = 99;
	assert_int_equal(dictionary_number_public(dictionary, TEXT("public 3"), NULL, NULL, &number), ERROR_LIMIT);
	assert_int_equal(number, 99);
	assert_int_equal(dictionary_number_public(dictionary, TEXT("public 2"), NULL, NULL, &number), 0); /* It is there. */
	assert_int_equal(number, 4);
	assert_int_equal(dictionary_number_public(dictionary, TEXT("own"), NULL, NULL, &number), 0);
	assert_int_equal(number, 1);
	assert_int_equal(dictionary_number(dictionary, TEXT("public 3"), NULL, NULL, &number), 0);
	assert_false(dictionary_is_public(dictionary, number));
	assert_int_equal(dictionary_public_count(dictionary), 3);
	assert_int_equal(dictionary_restore_public(dictionary, 6, TEXT("replayed")), 0); /* What is in the log counts, whatever the bound is now. */
	assert_int_equal(dictionary_restore_public(dictionary, 6, TEXT("replayed")), 0);
	assert_int_equal(dictionary_public_count(dictionary), 4);
	while (dictionary_count(dictionary) < DICTIONARY_NAMES_MAX) {
		snprintf(name, sizeof name, "name %u", dictionary_count(dictionary));
		assert_int_equal(dictionary_number(dictionary, text_of(name), NULL, NULL, &number), 0);
	}
	dictionary_public_bound(dictionary, 5);
	assert_true(dictionary_public_is_full(dictionary)); /* There is no number left at all. */
	dictionary_free(dictionary);
}

/* ---- rows ---- */

struct lengths {
	int32_t days[8];
	uint64_t rows[8];
	size_t n;
	int error;
};

static int length_note(void *arg, int32_t day, uint64_t rows)
{
	struct lengths *lengths = arg;
	if (lengths->error)
		return lengths->error;
	for (size_t i = 0; i < lengths->n; i++)
		if (lengths->days[i] == day) {
			lengths->rows[i] = rows;
			return 0;
		}
	lengths->days[lengths->n] = day;
	lengths->rows[lengths->n++] = rows;
	return 0;
}

static void row_add(struct columns *columns, uint64_t position, int64_t time)
{
	struct event_header header = {.time_ms = time, .channel = CHANNEL_STORE, .name = 7, .touchpoint = 8, .origin_number = (uint32_t)position};
	assert_int_equal(columns_add(columns, position, &header, -5), 0);
}

static size_t selected(struct columns *columns, int64_t from, int64_t to)
{
	struct column_event *rows;
	size_t n;
	assert_int_equal(columns_select(columns, from, to, 1000, &rows, &n), 0);
	for (size_t i = 0; i < n; i++)
		assert_true(rows[i].time_ms >= from && rows[i].time_ms < to && rows[i].value == -5 && rows[i].channel == CHANNEL_STORE &&
		            rows[i].name == 7 && rows[i].touchpoint == 8);
	memory_free(rows);
	return n;
}

static void rows_are_kept(bool seal)
{
	static const uint8_t key[COLUMNS_KEY_BYTES] = {7};
	char folder[64], path[128];
	struct columns *columns;
	struct lengths lengths = {0};
	struct stat status;
	struct column_event *rows;
	size_t n;
	folder_new(folder);
	assert_int_equal(columns_open(&columns, folder, key, seal), 0);
	for (uint64_t i = 1; i <= 30; i++)
		row_add(columns, i, (int64_t)(i % 3) * DAY + (int64_t)i);
	assert_int_equal(selected(columns, 0, 3 * DAY), 30);
	lengths.error = ERROR_FULL; /* The lengths could not be kept: nothing counts twice, nothing is lost. */
	assert_int_equal(columns_flush(columns, 30, length_note, &lengths), ERROR_FULL);
	assert_int_equal(selected(columns, 0, 3 * DAY), 30);
	lengths.error = 0;
	assert_int_equal(columns_flush(columns, 27, length_note, &lengths), 0);
	assert_int_equal(selected(columns, INT64_MIN, INT64_MAX), 30);
	columns_flushed(columns, 27);
	assert_int_equal(selected(columns, INT64_MIN, INT64_MAX), 30);
	assert_int_equal(selected(columns, DAY, 2 * DAY), 10);
	assert_int_equal(selected(columns, DAY + 1, DAY + 5), 2);
	assert_int_equal(columns_rows(columns), 30 + 3 * 2); /* Each day has the head of one run, of two rows. */
	assert_int_equal(columns_select(columns, 0, 3 * DAY, 29, &rows, &n), ERROR_LIMIT);
	columns_close(columns);

	snprintf(path, sizeof path, "%s/1970-01-02%s", folder, seal ? ".sealed" : ".rows");
	int file = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(file, "torn tail", 9), 9);
	close(file);
	snprintf(path, sizeof path, "%s/1970-02-02.rows", folder);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(columns_open(&columns, folder, key, seal), 0);
	for (size_t i = 0; i < lengths.n; i++)
		assert_int_equal(columns_restore(columns, lengths.days[i], lengths.rows[i]), 0);
	assert_int_equal(columns_restored(columns), 0);
	assert_int_not_equal(stat(path, &status), 0); /* A day nobody knows of is gone. */
	assert_int_equal(selected(columns, INT64_MIN, INT64_MAX), 27);
	/* A day that is cut or not there is to be made again, and no figure is given of it. */
	assert_int_equal(columns_damaged(columns), 0);
	assert_int_equal(columns_restore(columns, 1, 1000), 0);
	assert_int_equal(columns_restore(columns, 77, 1), 0);
	assert_int_equal(columns_damaged(columns), 2);
	assert_int_equal(columns_select(columns, DAY, 2 * DAY, 1000, &rows, &n), ERROR_REBUILDING);
	assert_int_equal(selected(columns, 0, DAY), 9);
	columns_close(columns);

	/* Without the key; then with it, in the other form from now on: a file stays as it was begun. */
	assert_int_equal(columns_open(&columns, folder, NULL, false), 0);
	assert_int_equal(columns_restore(columns, lengths.days[0], lengths.rows[0]), seal ? ERROR_DENIED : 0);
	columns_close(columns);
	assert_int_equal(columns_open(&columns, folder, key, !seal), 0);
	for (size_t i = 0; i < lengths.n; i++)
		assert_int_equal(columns_restore(columns, lengths.days[i], lengths.rows[i]), 0);
	assert_int_equal(columns_restored(columns), 0);
	for (uint64_t i = 31; i <= 42; i++)
		row_add(columns, i, (int64_t)(i % 4) * DAY + (int64_t)i);
	assert_int_equal(columns_flush(columns, 42, length_note, &lengths), 0);
	columns_flushed(columns, 42);
	assert_int_equal(selected(columns, INT64_MIN, INT64_MAX), 39);
	snprintf(path, sizeof path, "%s/1970-01-04%s", folder, seal ? ".rows" : ".sealed");
	assert_int_equal(stat(path, &status), 0);
	columns_close(columns);
	folder_remove(folder);
}

static void rows_are_kept_by_day_and_a_torn_tail_is_cut(void **state)
{
	(void)state;
	rows_are_kept(false);
	rows_are_kept(true);
}

/* ---- who and what was seen ---- */

static void the_directory_finds_what_was_entered(void **state)
{
	(void)state;
	static const uint8_t key[DIRECTORY_KEY_BYTES] = {1}, other_key[DIRECTORY_KEY_BYTES] = {2};
	struct directory *directory = directory_new(key), *other = directory_new(other_key);
	char word[32], *long_value = calloc(1, 1000);
	for (uint32_t i = 1; i <= 30000; i++) {
		snprintf(word, sizeof word, "%u", i);
		assert_int_equal(directory_set(directory, directory_hash(directory, TEXT("email"), text_of(word)), i), 0);
	}
	for (uint32_t i = 1; i <= 30000; i++) {
		snprintf(word, sizeof word, "%u", i);
		assert_int_equal(directory_find(directory, directory_hash(directory, TEXT("email"), text_of(word))), i);
		assert_int_equal(directory_find(directory, directory_hash(directory, TEXT("phone"), text_of(word))), DIRECTORY_NONE);
		assert_int_equal(directory_find(directory, directory_hash(other, TEXT("email"), text_of(word))), DIRECTORY_NONE);
	}
	assert_int_equal(directory_count(directory), 30000);
	struct identifier_hash first = directory_hash(directory, TEXT("email"), TEXT("1"));
	assert_int_equal(directory_set(directory, first, 5), 0);
	assert_int_equal(directory_find(directory, first), 5);
	assert_int_equal(directory_count(directory), 30000);
	memset(long_value, 'l', 1000); /* Over the short way: still the same, and different from its beginning. */
	struct identifier_hash one = directory_hash(directory, TEXT("t"), (struct text){long_value, 1000});
	struct identifier_hash two = directory_hash(directory, TEXT("t"), (struct text){long_value, 999});
	assert_memory_not_equal(&one, &two, sizeof one);
	directory_free(directory);
	directory_free(other);
	free(long_value);
}

static bool seen(struct dedupe *dedupe, uint64_t id, int64_t at)
{
	bool was;
	assert_int_equal(dedupe_note(dedupe, id * 0x9e3779b97f4a7c15u | 2, at, &was), 0);
	return was;
}

static void a_message_is_known_for_a_day(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(1 << 24);
	int64_t now = 500000 * HOUR;
	for (uint64_t id = 1; id <= 5000; id++)
		assert_false(seen(dedupe, id, now + (int64_t)id));
	for (uint64_t id = 1; id <= 5000; id++)
		assert_true(seen(dedupe, id, now + 24 * HOUR));
	assert_int_equal(dedupe_reach_ms(dedupe, now + 24 * HOUR), DEDUPE_HOURS * HOUR); /* Quiet hours are known hours. */
	assert_false(seen(dedupe, 1, now + 25 * HOUR));
	assert_true(seen(dedupe, 1, now + 25 * HOUR));
	dedupe_forget(dedupe, 1 * 0x9e3779b97f4a7c15u | 2, now + 25 * HOUR);
	assert_false(seen(dedupe, 1, now + 25 * HOUR));
	const struct identifier_hash one = {1, 2}, other = {1, 3};
	assert_true(dedupe_hash(one, TEXT("a")) != dedupe_hash(one, TEXT("b")));
	assert_true(dedupe_hash(one, TEXT("a")) == dedupe_hash(one, TEXT("a")));
	assert_true(dedupe_hash(one, TEXT("a")) != dedupe_hash(other, TEXT("a"))); /* Another sender's id of the same letters. */
	dedupe_free(dedupe);
}

static void beyond_its_memory_the_oldest_hours_are_forgotten(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(1 << 20);
	int64_t now = 500000 * HOUR;
	for (int hour = 0; hour < 20; hour++)
		for (uint64_t id = 0; id < 20000; id++)
			assert_false(seen(dedupe, 1 + id + (uint64_t)hour * 20000, now + hour * HOUR));
	assert_true(dedupe_bytes(dedupe) <= (1 << 20) + 512 * 1024);
	int64_t reach = dedupe_reach_ms(dedupe, now + 19 * HOUR);
	assert_true(reach >= HOUR && reach < 10 * HOUR);
	for (uint64_t id = 0; id < 20000; id++) /* The present hour is always known. */
		assert_true(seen(dedupe, 1 + id + 19 * 20000, now + 19 * HOUR));
	dedupe_free(dedupe);
}

/* ---- the latest of each ---- */

static void latest_does_not_depend_on_the_order_of_arrival(void **state)
{
	(void)state;
	enum { ENTRIES = 40 };
	uint8_t first[8192], room[8192], value[16];
	uint32_t first_n = 0, order[ENTRIES];
	uint64_t seed = 3;
	for (uint32_t i = 0; i < ENTRIES; i++)
		order[i] = i;
	for (int run = 0; run < 500; run++) {
		struct fold_state fold = {.p = room, .capacity = sizeof room};
		for (uint32_t i = ENTRIES - 1; i > 0; i--) {
			uint32_t other = random_below(&seed, i + 1), keep = order[i];
			order[i] = order[other];
			order[other] = keep;
		}
		for (uint32_t i = 0; i < ENTRIES; i++) {
			char key[8];
			uint32_t e = order[i];
			snprintf(key, sizeof key, "k%u", e % 7);
			memset(value, (int)e, sizeof value);
			assert_true(latest_set(&fold, &(struct latest){.key = text_of(key), .value = {value, 1 + e % 16}, .order = e / 4, .position = e + 1}));
		}
		if (run == 0) {
			first_n = fold.n;
			memcpy(first, room, fold.n);
		}
		assert_int_equal(fold.n, first_n);
		assert_memory_equal(room, first, first_n);
	}
}

static void at_its_bound_latest_keeps_the_newest(void **state)
{
	(void)state;
	uint8_t room[400], value[LATEST_VALUE_BYTES_MAX + 1] = {VALUE_NULL};
	char key[LATEST_KEY_BYTES_MAX + 2];
	struct fold_state fold = {.p = room, .capacity = sizeof room};
	struct latest entry;
	for (int64_t i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "k%d", (int)i);
		latest_set(&fold, &(struct latest){.key = text_of(key), .value = {value, 1}, .order = i, .position = 1});
		assert_true(fold.n <= fold.capacity);
		struct text view = {(const char *)room, fold.n};
		assert_true(latest_find(view, text_of(key), &entry));
	}
	struct text view = {(const char *)room, fold.n};
	assert_false(latest_find(view, TEXT("k1"), &entry));
	assert_true(latest_find(view, TEXT("k98"), &entry));
	memset(key, 'k', sizeof key);
	assert_false(latest_set(&fold, &(struct latest){.key = {key, LATEST_KEY_BYTES_MAX + 1}, .order = 1000}));
	assert_false(latest_set(&fold, &(struct latest){.key = TEXT("v"), .value = {value, sizeof value}, .order = 1000}));
	assert_false(latest_set(&fold, &(struct latest){.order = 1000}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_goes_into_a_value_and_comes_out_the_same),
		cmocka_unit_test(a_value_that_goes_out_exactly_comes_back_to_the_byte),
		cmocka_unit_test(a_value_that_is_cut_or_changed_is_refused_or_safe_to_read),
		cmocka_unit_test(nesting_and_size_of_a_value_are_bounded),
		cmocka_unit_test(a_record_that_does_not_fit_is_refused),
		cmocka_unit_test(a_name_gets_its_number_once_its_record_is_written),
		cmocka_unit_test(a_number_given_back_is_the_next_ones_and_all_other_names_are_still_found),
		cmocka_unit_test(names_from_public_keys_are_bounded_and_all_others_have_the_rest),
		cmocka_unit_test(rows_are_kept_by_day_and_a_torn_tail_is_cut),
		cmocka_unit_test(the_directory_finds_what_was_entered),
		cmocka_unit_test(a_message_is_known_for_a_day),
		cmocka_unit_test(beyond_its_memory_the_oldest_hours_are_forgotten),
		cmocka_unit_test(latest_does_not_depend_on_the_order_of_arrival),
		cmocka_unit_test(at_its_bound_latest_keeps_the_newest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
