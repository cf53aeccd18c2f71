/* Refused events are found again by whom they name, however many there are. */
#include "unit.h"

#include "folder.h"

#include "base/memory.h"
#include "serve/dead_letters.h"

#include <stdio.h>
#include <string.h>

enum { LETTERS = 160, EVENT_BYTES = 25000 }; /* Some MiB: several times what is read at once. */

static bool is_ana(void *arg, struct identifier named)
{
	(void)arg;
	return text_equal(named.type, TEXT("user")) && text_equal(named.value, TEXT("ana"));
}

static void written(void *arg)
{
	++*(size_t *)arg;
}

static void letters_about_somebody_are_found_newest_first_however_many_there_are(void **state)
{
	(void)state;
	char folder[64], *event = memory_alloc(EVENT_BYTES), number[16];
	struct dead_letters *letters;
	struct buffer out = BUFFER_INIT(16 * 1024 * 1024);
	size_t counted = 0, found = 0;
	memset(event, 'x', EVENT_BYTES);
	assert_int_equal(dead_letters_open(&letters, folder_new(folder)), 0);
	for (int i = 0; i < LETTERS; i++) {
		const struct identifier named = {TEXT("user"), i % 3 ? TEXT("ana") : TEXT("ben")};
		const size_t bytes = EVENT_BYTES - (size_t)i * 97; /* So that blocks end anywhere. */
		snprintf(number, sizeof number, "letter %d", i);
		dead_letters_add(letters, &(struct dead_letter){.time_ms = i, .source = TEXT("s"), .message = text_of(number), .code = "c", .event = {event, bytes}, .named = &named, .named_n = 1});
		counted += i % 3 != 0;
	}
	assert_int_equal(dead_letters_about(letters, is_ana, &found, &out, written), 0);
	assert_int_equal(found, counted);
	struct text rest = buffer_view(&out), line;
	for (int i = LETTERS - 1; i >= 0; i--) {
		if (i % 3 == 0)
			continue;
		assert_true(text_next(&rest, '\n', &line));
		snprintf(number, sizeof number, "letter %d\"", i);
		assert_true(text_find(line, text_of(number), NULL));
	}
	assert_int_equal(rest.n, 0);
	buffer_free(&out);
	memory_free(event);
	dead_letters_close(letters);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(letters_about_somebody_are_found_newest_first_however_many_there_are)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
