/* A code is accepted only when whoever reads it later can read it: a browser, a style sheet. */
#include "unit.h"

#include "base/code.h"

#include <string.h>

static void a_currency_is_one_of_ISO_4217_in_any_case(void **state)
{
	(void)state;
	static const char *const good[] = {"EUR", "eur", "Czk", "AED", "ZWL", "XAU", "HRK", "XCG"};
	static const char *const bad[] = {"", "E", "EU", "EURO", "no such", "no ", "ZZZ", "XXX", "XTS", "AAA", "EU1", "€", "E\xc3\xa9", "@UR", "<b>"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!code_is_currency(text_of(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (code_is_currency(text_of(bad[i])))
			fail_msg("%s", bad[i]);
	assert_false(code_is_currency((struct text){"E\0R", 3}));
	assert_text_equal(code_currency(TEXT("cZk")), "CZK");
}

static void a_language_is_a_tag_that_a_browser_can_read(void **state)
{
	(void)state;
	static const char *const good[] = {"cs", "en-GB", "EN-gb", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "de-1996", "en-u-ca-buddhist", "en-US-u-hc-h12",
	                                   "en-u-ca", "en-u-abc", "fil", "en-x-a-12345678", "abcdefgh"};
	static const char *const bad[] = {"", "a", "e1", "12", "abcd", "abcdefghi", "en-", "-en", "en--GB", "en_GB", "en GB", "no such", "en-G", "en-GB-US", "en-a", "en-u",
	                                  "en-u-1", "en-u-h1", "en-x", "x-private", "i-klingon", "de-1996-1996", "sl-rozaj-ROZAJ", "en-u-ca-u-hc", "zh-yue-HK", "en-GB.UTF-8", "1s", "c_s", "cs cz", "a-very-long-language", "cs\"",
	                                  "\xc4\x8d" "e", "en-US-u-ca-gregory-hc-h12-nu-latn-co-phonebk"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!code_is_language(text_of(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (code_is_language(text_of(bad[i])))
			fail_msg("%s", bad[i]);
}

static void a_zone_is_a_place_in_an_area_that_there_is(void **state)
{
	(void)state;
	static const char *const good[] = {"Europe/Prague", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "Etc/GMT+5", "UTC", "GB-Eire", "EST5EDT", "US/Eastern"};
	static const char *const bad[] = {"", "Prague", "Mars/Olympus", "Europe", "Europe/", "/Prague", "Europe//Prague", "Europe/Prague/", "Europe/../etc/passwd", "Europe/Pra gue",
	                                  "europe/prague", "America/a/b/c", "UTC/UTC", "+02:00", "Europe/\xc5\xbdilina", "America/Argentina/Buenos_Aires_and_far_beyond_it_all"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!code_is_zone(text_of(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (code_is_zone(text_of(bad[i])))
			fail_msg("%s", bad[i]);
}

static void a_colour_is_three_or_six_hex_digits(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "#", "#12", "#1234", "#12345", "#12345678", "0f6b5c0", "red", "#gggggg", "#fff;", "#12345\xc3"};
	uint8_t rgb[3];
	assert_true(code_is_colour(TEXT("#0f6B5c"), rgb));
	assert_memory_equal(rgb, ((uint8_t[]){0x0f, 0x6b, 0x5c}), 3);
	assert_true(code_is_colour(TEXT("#fa0"), rgb));
	assert_memory_equal(rgb, ((uint8_t[]){0xff, 0xaa, 0x00}), 3);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (code_is_colour(text_of(bad[i]), rgb))
			fail_msg("%s", bad[i]);
}

static void a_name_says_which_code_it_holds_and_what_is_stored(void **state)
{
	(void)state;
	char room[CODE_BYTES_MAX];
	assert_int_equal(code_kind_of(TEXT("currency")), CODE_CURRENCY);
	assert_int_equal(code_kind_of(TEXT("language")), CODE_LANGUAGE);
	assert_int_equal(code_kind_of(TEXT("locale")), CODE_LANGUAGE);
	assert_int_equal(code_kind_of(TEXT("timezone")), CODE_ZONE);
	assert_int_equal(code_kind_of(TEXT("Currency")), CODE_NONE);
	assert_int_equal(code_kind_of(TEXT("")), CODE_NONE);
	assert_text_equal(code_read(CODE_CURRENCY, TEXT("usd"), room), "USD");
	assert_text_equal(code_read(CODE_LANGUAGE, TEXT("zh_Hant_TW"), room), "zh-Hant-TW");
	assert_text_equal(code_read(CODE_ZONE, TEXT("Asia/Tokyo"), room), "Asia/Tokyo");
	assert_int_equal(code_read(CODE_LANGUAGE, TEXT("en_US.UTF-8"), room).n, 0);
	assert_int_equal(code_read(CODE_LANGUAGE, TEXT("a_long_tag_beyond_all_that_is_bounded_here_and_there"), room).n, 0);
	for (enum code_kind kind = CODE_CURRENCY; kind <= CODE_ZONE; kind++)
		assert_int_equal(code_read(kind, (struct text){0}, room).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_currency_is_one_of_ISO_4217_in_any_case),
		cmocka_unit_test(a_language_is_a_tag_that_a_browser_can_read),
		cmocka_unit_test(a_zone_is_a_place_in_an_area_that_there_is),
		cmocka_unit_test(a_colour_is_three_or_six_hex_digits),
		cmocka_unit_test(a_name_says_which_code_it_holds_and_what_is_stored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
