/*
 * test_evaluate.c: logs are read strictly and replayed honestly; on public logs the figures we publish are reached.
 *
 * The public logs are looked for in $ATTUNE_DATA, or in shared/data beside the project; without them those tests are
 * skipped by name.
 */
#include "unit.h"

#include "customize/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct evaluate_settings settings = {.slots = 8, .suggestions = 3};

static void assert_refused(const char *csv, const char *message)
{
	struct choices choices;
	choices_init(&choices);
	assert_int_equal(choices_add_csv(&choices, text_of(csv)), ERROR_INVALID);
	assert_string_equal(choices.message, message);
	choices_free(&choices);
}

static void a_broken_csv_is_refused_with_line_and_reason(void **state)
{
	(void)state;
	assert_refused("", "line 1: the file is empty");
	assert_refused("customer,when,value\n", "line 1: the first line names the columns: customer, time and either option or value");
	assert_refused("customer,time,value,option\n", "line 1: the first line names the columns: customer, time and either option or value");
	assert_refused("customer,time,time,value\n", "line 1: the column time is there twice");
	assert_refused("customer,time,value,a,b,c\n", "line 1: there are more than 2 context columns");
	assert_refused("customer,time,value\na,2026-05-03,80\na,2026-05-04\n", "line 3: there are 2 fields where the first line has 3");
	assert_refused("customer,time,value\n\"a\nb\",2026-05-03,80\na,soon,80\n", "line 4: \"soon\" is not a time");
	assert_refused("customer,time,value\na,2026-05-03,\n", "line 2: the value is empty");
	assert_refused("customer,time,value\n,2026-05-03,80\n", "line 2: the customer is empty");
	assert_refused("customer,time,value,day\na,2026-05-03,80,32\n", "line 2: day is a whole number from 1 to 31, not \"32\"");
	assert_refused("customer,time,value\na,2026-05-03,\"80\n", "line 2: a quoted field is not closed");
	assert_refused("customer,time,value\na,2026-05-03,\"80\"0\n", "line 2: there is text behind the closing quote of a field");
	assert_refused("customer,time,value\na,2026-05-03,8\"0\n", "line 2: there is a quote inside a field that does not start with one");
	assert_refused("customer,time,value\na,2026-05-03,\xff\n", "line 2: a field is not UTF-8");
}

static void a_csv_is_read_as_the_standard_says(void **state)
{
	(void)state;
	struct choices choices;
	choices_init(&choices);
	const char *csv = "\xef\xbb\xbf" "customer,time,value,with,day,machine\r\n"
	                  "\"Ana, \"\"A\"\"\",2026-05-03T10:00:00Z,80,\"[50,20,10]\",4,station\r\n"
	                  "bo,2026-05-03,20,,,\r\n"
	                  "\r\n"
	                  "\"Ana, \"\"A\"\"\",2026-05-02,50,[50],,mall";
	assert_int_equal(choices_add_csv(&choices, text_of(csv)), 0);
	assert_int_equal(choices_sort(&choices), 0);
	assert_int_equal(choices.n, 3);
	assert_int_equal(choices_customers(&choices), 2);
	assert_text_equal(choices.items[0].value, "50"); /* Ana's in time order, then bo's. */
	assert_text_equal(choices.items[1].with, "[50,20,10]");
	assert_int_equal(choices.items[1].context.day_of_month, 4);
	assert_int_equal(choices.items[1].context.weekday, 6);
	assert_int_equal(choices.items[1].context.hour_slot, 3);
	assert_int_equal(choices.items[0].context.day_of_month, 2);
	assert_int_equal(choices.items[0].context.contexts[0], usual_context_hash(TEXT("mall")));
	assert_int_equal(choices.items[2].context.contexts[0], 0);
	choices_free(&choices);
}

static void options_are_lines_and_blank_ones_are_skipped(void **state)
{
	(void)state;
	struct choices choices;
	choices_init(&choices);
	assert_int_equal(choices_add_lines(&choices, TEXT("ana"), TEXT("ls\n\ncd\r\nls\n")), 0);
	assert_int_equal(choices_add_lines(&choices, TEXT("bo"), TEXT("cd")), 0);
	assert_int_equal(choices.n, 4);
	assert_int_equal(choices_options(&choices), 2);
	assert_int_equal(choices.items[0].option, choices.items[2].option);
	assert_int_equal(choices.items[1].option, choices.items[3].option);
	choices_free(&choices);
}

static void nothing_is_predicted_from_what_comes_later(void **state)
{
	(void)state;
	struct choices choices;
	struct evaluate_menu menu;
	choices_init(&choices);
	/* What comes for the first time cannot be foreseen; what follows a pattern can. */
	assert_int_equal(choices_add_lines(&choices, TEXT("ana"), TEXT("a\nb\nc\nd\ne\na\n")), 0);
	assert_int_equal(choices_sort(&choices), 0);
	assert_int_equal(evaluate_menu(&menu, &choices, &(struct evaluate_settings){.slots = 1}), 0);
	assert_int_equal(menu.events, 6);
	assert_int_equal(menu.top5, 1); /* Only the second a: all five are known then. */
	assert_int_equal(menu.in_home, 2); /* The one slot holds the first option: nobody else's popularity speaks against it. */
	choices_free(&choices);
}

static void the_two_halves_make_the_whole(void **state)
{
	(void)state;
	struct choices choices;
	struct evaluate_usual all, even, odd;
	struct buffer csv = BUFFER_INIT(1 << 20);
	choices_init(&choices);
	buffer_string(&csv, "customer,time,value\n");
	for (int i = 0; i < 700; i++)
		buffer_format(&csv, "c%d,2026-%02d-%02d,%d\n", i % 7, 1 + i / 70, 1 + i / 7 % 10, i % 7 < 4 ? 80 : i * 37 % 101);
	assert_int_equal(choices_add_csv(&choices, buffer_view(&csv)), 0);
	assert_int_equal(choices_sort(&choices), 0);
	assert_int_equal(evaluate_usual(&all, &choices, &settings), 0);
	assert_int_equal(evaluate_usual(&even, &choices, &(struct evaluate_settings){.half = EVALUATE_EVEN}), 0);
	assert_int_equal(evaluate_usual(&odd, &choices, &(struct evaluate_settings){.half = EVALUATE_ODD}), 0);
	assert_int_equal(all.events, 7 * 97);
	assert_int_equal(all.customers, even.customers + odd.customers);
	assert_int_equal(all.events, even.events + odd.events);
	assert_int_equal(all.offered, even.offered + odd.offered);
	assert_int_equal(all.right, even.right + odd.right);
	assert_true(all.right >= 4 * 96);
	buffer_free(&csv);
	choices_free(&choices);
}

static int read_and_evaluate(void)
{
	struct choices choices;
	struct evaluate_menu menu;
	choices_init(&choices);
	int error = choices_add_csv(&choices, TEXT("customer,time,option\n\"a\",2026-05-03,x\na,2026-05-04,y\n"));
	if (error == 0)
		error = choices_sort(&choices);
	if (error == 0)
		error = evaluate_menu(&menu, &choices, &settings);
	choices_free(&choices);
	return error;
}

static void a_failed_allocation_is_reported_and_nothing_is_lost(void **state)
{
	(void)state;
	int error = ERROR_MEMORY;
	for (uint64_t nth = 1; error != 0; nth++) {
		assert_true(nth < 200);
		memory_fail_at(nth);
		error = read_and_evaluate();
		memory_fail_at(0);
		assert_true(error == 0 || error == ERROR_MEMORY);
	}
}

/* The public file, or NULL when it is not there. */
static FILE *open_data(const char *name)
{
	const char *given = getenv("ATTUNE_DATA");
	const char *roots[] = {given ? given : "", "../shared/data", "../../shared/data"};
	FILE *file = NULL;
	for (size_t i = given ? 0 : 1; !file && i < (given ? 1 : sizeof roots / sizeof *roots); i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", roots[i], name);
		file = fopen(path, "rb");
	}
	if (!file)
		printf("skipped: %s is not there\n", name);
	return file;
}

static struct buffer read_all(FILE *file)
{
	struct buffer bytes = BUFFER_INIT(1 << 28);
	char block[16384];
	size_t n;
	while ((n = fread(block, 1, sizeof block, file)) > 0)
		buffer_append(&bytes, block, n);
	fclose(file);
	return bytes;
}

static void the_next_command_of_eight_people_is_foreseen(void **state)
{
	(void)state;
	struct choices choices;
	struct evaluate_menu menu;
	choices_init(&choices);
	for (int user = 1; user <= 8; user++) {
		char name[64];
		snprintf(name, sizeof name, "decide/unix-purdue/USER%d", user);
		FILE *file = open_data(name);
		if (!file) {
			choices_free(&choices);
			skip();
		}
		struct buffer lines = read_all(file);
		assert_int_equal(choices_add_lines(&choices, text_of(name), buffer_view(&lines)), 0);
		buffer_free(&lines);
	}
	assert_int_equal(choices_sort(&choices), 0);
	assert_int_equal(evaluate_menu(&menu, &choices, &settings), 0);
	assert_int_equal(menu.events, 139339);
	assert_true(menu.top1 * 100 >= menu.events * 36);
	assert_true(menu.top5 * 100 >= menu.events * 69);
	assert_true(menu.in_view * 100 >= menu.events * 79);
	assert_true(menu.changes * 10000 <= menu.events * 75);
	choices_free(&choices);
}

/* The bank's file as our CSV: one operation, without the bank's own fees. */
static void convert_berka(struct buffer *csv, struct text rest, const char *operation)
{
	struct text line, fields[10];
	buffer_string(csv, "customer,time,value,day\n");
	while (text_next(&rest, '\n', &line)) {
		size_t n = 0;
		line = text_trim(line);
		while (n < 10 && text_next(&line, ';', &fields[n])) {
			if (fields[n].n >= 2 && fields[n].p[0] == '"')
				fields[n] = (struct text){fields[n].p + 1, fields[n].n - 2};
			n++;
		}
		if (n != 10 || !text_equal(fields[4], text_of(operation)) || text_equal(fields[7], TEXT("SLUZBY")))
			continue;
		const char *date = fields[2].p;
		buffer_format(csv, "%.*s,19%.2s-%.2s-%.2s,%.*s,%.2s\n", TEXT_ARGS(fields[1]), date, date + 2, date + 4,
		              TEXT_ARGS(fields[5]), date + 4);
	}
}

static void evaluate_berka(struct evaluate_usual *usual, const char *operation)
{
	struct choices choices;
	FILE *file = open_data("decide/berka-9303/trans_1993-01_1994-03.asc");
	if (!file)
		skip();
	struct buffer bytes = read_all(file), csv = BUFFER_INIT(1 << 28);
	choices_init(&choices);
	convert_berka(&csv, buffer_view(&bytes), operation);
	assert_int_equal(choices_add_csv(&choices, buffer_view(&csv)), 0);
	assert_int_equal(choices_sort(&choices), 0);
	assert_int_equal(evaluate_usual(usual, &choices, &settings), 0);
	buffer_free(&bytes);
	buffer_free(&csv);
	choices_free(&choices);
}

static void the_usual_transfer_is_offered_and_right(void **state)
{
	(void)state;
	struct evaluate_usual usual;
	evaluate_berka(&usual, "PREVOD NA UCET");
	assert_int_equal(usual.events, 4371);
	assert_true(usual.top1 * 100 >= usual.events * 93);
	assert_true(usual.offered * 100 >= usual.events * 70);
	assert_true(usual.right * 100 >= usual.offered * 97);
}

static void cash_of_no_habit_is_not_offered(void **state)
{
	(void)state;
	struct evaluate_usual usual;
	evaluate_berka(&usual, "VYBER");
	assert_int_equal(usual.events, 11205);
	assert_true(usual.offered * 1000 <= usual.events * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_csv_is_refused_with_line_and_reason),
		cmocka_unit_test(a_csv_is_read_as_the_standard_says),
		cmocka_unit_test(options_are_lines_and_blank_ones_are_skipped),
		cmocka_unit_test(nothing_is_predicted_from_what_comes_later),
		cmocka_unit_test(the_two_halves_make_the_whole),
		cmocka_unit_test(a_failed_allocation_is_reported_and_nothing_is_lost),
		cmocka_unit_test(the_next_command_of_eight_people_is_foreseen),
		cmocka_unit_test(the_usual_transfer_is_offered_and_right),
		cmocka_unit_test(cash_of_no_habit_is_not_offered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
