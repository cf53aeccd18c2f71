/* What single folds make of events: contacts, matters, preferences, consents, identifiers. */
#include "unit.h"

#include "house.h"
#include "random.h"

#include "identify/identifier.h"
#include "identify/trait.h"
#include "interact/contact.h"
#include "interact/matter.h"
#include "base/clock.h"
#include "interact/preference.h"
#include "trust/consent.h"
#include "trust/reader.h"
#include "trust/rights_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60 * 1000, EVENTS_MAX = 64 };

/* Events made by hand, and a fold over them. */
struct bench {
	const struct fold *fold;
	const struct config *config;
	struct fold_state state;
	uint8_t room[FOLD_STATE_BYTES_MAX];
	struct event events[EVENTS_MAX];
	struct buffer payloads[EVENTS_MAX];
	size_t n;
};

static void bench_start(struct bench *bench, const struct fold *fold, const struct config *config)
{
	memset(bench, 0, sizeof *bench);
	bench->fold = fold;
	bench->config = config;
	bench->state = (struct fold_state){.p = bench->room, .capacity = fold->bytes_max};
}

static struct text bench_state(const struct bench *bench)
{
	return (struct text){(const char *)bench->room, bench->state.n};
}

static void bench_apply(struct bench *bench, size_t i)
{
	struct fold_context context = {.config = bench->config};
	bench->fold->apply(&bench->state, &bench->events[i], &context);
	assert_true(bench->state.n <= bench->state.capacity);
}

/* Note an event with a JSON payload; its position is its number. */
static void bench_note(struct bench *bench, enum event_kind kind, const char *name, int64_t time, enum channel channel, const char *json)
{
	struct json_parser *parser = json_parser_new(1 << 16, 16);
	struct json root;
	size_t i = bench->n++;
	bench->payloads[i] = BUFFER_INIT(1 << 16);
	assert_int_equal(json_parse(parser, text_of(json), &root), 0);
	assert_int_equal(value_put_json(&bench->payloads[i], root, 16), 0);
	json_parser_free(parser);
	struct text view = buffer_view(&bench->payloads[i]);
	bench->events[i] = (struct event){
		.position = i + 1, .name = text_of(name), .payload = {(const uint8_t *)view.p, view.n},
		.header = {.kind = (uint16_t)kind, .time_ms = time, .channel = (uint8_t)channel, .touchpoint = (uint32_t)(i + 1)}};
}

static void bench_end(struct bench *bench)
{
	for (size_t i = 0; i < bench->n; i++)
		buffer_free(&bench->payloads[i]);
}

/* Apply all of them in @times random orders: the same bytes each time. */
static void bench_any_order(struct bench *bench, int times)
{
	uint8_t first[FOLD_STATE_BYTES_MAX];
	uint32_t first_n = 0;
	uint64_t seed = 17;
	size_t order[EVENTS_MAX];
	for (size_t i = 0; i < bench->n; i++)
		order[i] = i;
	for (int run = 0; run < times; run++) {
		bench->state.n = 0;
		for (size_t i = 0; i < bench->n; i++)
			bench_apply(bench, order[i]);
		if (run == 0) {
			first_n = bench->state.n;
			memcpy(first, bench->room, first_n);
		}
		assert_int_equal(bench->state.n, first_n);
		assert_memory_equal(bench->room, first, first_n);
		for (size_t i = bench->n - 1; i > 0; i--) {
			size_t other = random_below(&seed, (uint32_t)i + 1), keep = order[i];
			order[i] = order[other];
			order[other] = keep;
		}
	}
}

static void a_contact_ends_after_half_an_hour_of_silence(void **state)
{
	(void)state;
	struct bench bench;
	struct contacts contacts;
	bench_start(&bench, &contact_fold, NULL);
	bench_note(&bench, EVENT_TRACK, "", 1000, CHANNEL_WEB, "{}");
	bench_note(&bench, EVENT_TRACK, "", 1000 + 30 * MINUTE, CHANNEL_WEB, "{\"properties\":{\"reason\":\"my card\"}}");
	bench_note(&bench, EVENT_TRACK, "", 1000 + 40 * MINUTE, CHANNEL_PHONE, "{}");
	bench_note(&bench, EVENT_TRACK, "", 1001 + 60 * MINUTE, CHANNEL_WEB, "{}");
	for (size_t i = 0; i < bench.n; i++)
		bench_apply(&bench, i);
	contacts_read(&contacts, bench_state(&bench));
	assert_int_equal(contacts.contacts_n, 3);
	assert_int_equal(contacts.channels[CHANNEL_WEB].contacts, 2);
	assert_int_equal(contacts.channels[CHANNEL_WEB].events, 3);
	assert_int_equal(contacts.channels[CHANNEL_PHONE].contacts, 1);
	assert_int_equal(contacts.contacts[2].events, 2);
	assert_text_equal(((struct text){contacts.contacts[2].reason, contacts.contacts[2].reason_n}), "my card");
	assert_int_equal(contacts.first_ms, 1000);
	assert_true(contacts_present(&contacts, 1001 + 90 * MINUTE)->channel == CHANNEL_WEB);
	assert_null(contacts_present(&contacts, 1002 + 90 * MINUTE));
	for (int i = 0; i < 20; i++) {
		bench_end(&bench);
		bench.n = 0;
		bench_note(&bench, EVENT_PAGE, "", (2 + i) * 100 * MINUTE, CHANNEL_APP, "{}");
		bench_apply(&bench, 0);
	}
	contacts_read(&contacts, bench_state(&bench));
	assert_int_equal(contacts.contacts_n, CONTACTS_KEPT);
	assert_int_equal(contacts.channels[CHANNEL_APP].contacts, 20);
	bench_end(&bench);
}

static void matters_open_and_close_in_any_order(void **state)
{
	(void)state;
	struct bench bench;
	struct matter matter;
	struct config *config = house_config();
	bench_start(&bench, &matter_fold, config);
	bench_note(&bench, EVENT_TRACK, "Bill Issued", 1000, CHANNEL_POST,
	           "{\"properties\":{\"bill\":\"7\",\"amount\":12.345,\"currency\":\"EUR\",\"title\":\"Power\",\"due\":\"2026-05-03\"}}");
	bench_note(&bench, EVENT_TRACK, "Bill Issued", 2000, CHANNEL_POST, "{\"properties\":{\"bill\":\"7\",\"amount\":99,\"title\":\"Again\"}}");
	bench_note(&bench, EVENT_TRACK, "Bill Paid", 5000, CHANNEL_APP, "{\"properties\":{\"bill\":\"7\"}}");
	bench_note(&bench, EVENT_TRACK, "Bill Paid", 4000, CHANNEL_BRANCH, "{\"properties\":{\"bill\":\"7\"}}");
	bench_note(&bench, EVENT_TRACK, "Bill Paid", 4000, CHANNEL_STORE, "{\"properties\":{\"bill\":\"7\"}}");
	bench_note(&bench, EVENT_TRACK, "Bill Issued", 1000, CHANNEL_POST, "{\"properties\":{\"bill\":8,\"title\":\"Water\"}}");
	bench_note(&bench, EVENT_TRACK, "Bill Paid", 3000, CHANNEL_POST, "{\"properties\":{\"bill\":\"9\"}}");
	bench_note(&bench, EVENT_TRACK, "Bill Paid", 3000, CHANNEL_POST, "{\"properties\":{}}");
	bench_note(&bench, EVENT_TRACK, "Something", 3000, CHANNEL_POST, "{\"properties\":{\"bill\":\"10\"}}");
	bench_any_order(&bench, 300);
	size_t at = 0, n = 0, open = 0;
	while (matter_next(bench_state(&bench), &at, &matter)) {
		n++;
		open += matter_is_open(&matter);
		if (!text_equal(matter.id, TEXT("7")))
			continue;
		assert_text_equal(matter.title, "Power");
		assert_int_equal(matter.amount_minor, 1235);
		assert_text_equal(matter.currency, "EUR");
		assert_int_equal(matter.due_ms, 1777766400000);
		assert_int_equal(matter.closed_ms, 4000);
		assert_int_equal(matter.closed_by, 4);
		assert_int_equal(matter.closed_on, CHANNEL_BRANCH);
	}
	assert_int_equal(n, 3);
	assert_int_equal(open, 1);
	assert_text_equal(matter_next_step(config, TEXT("bill")), "Pay");
	bench_end(&bench);
	config_free(config);
}

static void never_more_matters_than_the_limit(void **state)
{
	(void)state;
	struct bench bench;
	struct matter matter;
	struct config *config = house_config();
	bench_start(&bench, &matter_fold, config);
	for (int i = 0; i < 3 * MATTERS_MAX; i++) {
		char json[200];
		bench_end(&bench);
		bench.n = 0;
		snprintf(json, sizeof json, "{\"properties\":{\"bill\":\"%d\"}}", i);
		bench_note(&bench, EVENT_TRACK, "Bill Issued", 1000 + i, CHANNEL_POST, json);
		bench_apply(&bench, 0);
	}
	size_t n = 0;
	for (size_t at = 0; matter_next(bench_state(&bench), &at, &matter); n++)
		assert_int_equal(matter.opened_ms, 1000 + 3 * MATTERS_MAX - 1 - (int)n);
	assert_int_equal(n, MATTERS_MAX);
	/* A long id is cut between characters. */
	bench_end(&bench);
	bench.n = 0;
	bench_note(&bench, EVENT_TRACK, "Bill Issued", 9000, CHANNEL_POST,
	           "{\"properties\":{\"bill\":\"1234567890123456789012345678901234567890123456789012345678901234567890123456789\xc3\xa9\"}}");
	bench_apply(&bench, 0);
	size_t at = 0;
	assert_true(matter_next(bench_state(&bench), &at, &matter));
	assert_int_equal(matter.id.n, 79);
	bench_end(&bench);
	config_free(config);
}

static void the_last_preference_received_counts_and_null_takes_it_back(void **state)
{
	(void)state;
	struct bench bench;
	bench_start(&bench, &preference_fold, NULL);
	bench_note(&bench, EVENT_PREFERENCE, "", 9000, CHANNEL_WEB, "{\"set\":{\"accessibility.text\":\"huge\",\"cash.notes\":\"small\"}}");
	bench_note(&bench, EVENT_PREFERENCE, "", 1000, CHANNEL_WEB, "{\"set\":{\"cash.notes\":[5,10]}}"); /* Its clock is wrong. */
	bench_note(&bench, EVENT_PREFERENCE, "", 2000, CHANNEL_WEB, "{\"set\":{\"language\":\"cs\",\"accessibility.screen_reader\":true}}");
	bench_note(&bench, EVENT_PREFERENCE, "", 2000, CHANNEL_WEB, "{\"set\":{\"language\":null}}");
	bench_any_order(&bench, 50);
	struct text view = bench_state(&bench);
	assert_int_equal(value_type_of(preference_get(view, TEXT("cash.notes"))), VALUE_ARRAY);
	assert_int_equal(value_type_of(preference_get(view, TEXT("language"))), VALUE_ABSENT);
	struct accessibility accessibility = preference_accessibility(view);
	assert_true(accessibility.text_huge && accessibility.screen_reader && !accessibility.contrast_high);
	bench_end(&bench);
}

static uint64_t mask_after(struct bench *bench, size_t n)
{
	bench->state.n = 0;
	for (size_t i = 0; i < n; i++)
		bench_apply(bench, i);
	return consent_mask(bench_state(bench), bench->config, 0);
}

static void consent_counts_in_the_order_of_receipt_and_for_its_version(void **state)
{
	(void)state;
	struct bench bench;
	struct config *config = house_config();
	uint64_t marketing = purpose_find(config, TEXT("marketing"))->mask;
	char json[3000];
	bench_start(&bench, &consent_fold, config);
	assert_true(mask_after(&bench, 0) == PURPOSE_SERVICE); /* No row means no. */
	bench_note(&bench, EVENT_CONSENT, "", 9000, CHANNEL_WEB, "{\"purpose\":\"marketing\",\"answer\":\"yes\",\"version\":\"2\"}");
	bench_note(&bench, EVENT_CONSENT, "", 1000, CHANNEL_WEB, "{\"purpose\":\"marketing\",\"answer\":\"no\",\"version\":\"2\"}");
	bench_note(&bench, EVENT_CONSENT, "", 500, CHANNEL_WEB, "{\"purpose\":\"marketing\",\"answer\":\"yes\",\"version\":\"2\"}");
	bench_note(&bench, EVENT_CONSENT, "", 9999, CHANNEL_WEB, "{\"purpose\":\"marketing\",\"answer\":\"yes\",\"version\":\"1\"}");
	bench_note(&bench, EVENT_CONSENT, "", 9999, CHANNEL_WEB, "{\"purpose\":\"marketing\",\"answer\":\"yes\",\"version\":\"2\"}");
	assert_true(mask_after(&bench, 1) == (PURPOSE_SERVICE | marketing));
	assert_true(mask_after(&bench, 2) == PURPOSE_SERVICE); /* A no acts at once, whatever its clock said. */
	assert_true(mask_after(&bench, 3) == (PURPOSE_SERVICE | marketing));
	assert_true(mask_after(&bench, 4) == PURPOSE_SERVICE); /* To another text. */
	assert_true(mask_after(&bench, 5) == (PURPOSE_SERVICE | marketing));
	snprintf(json, sizeof json, "{\"purpose\":\"marketing\",\"answer\":\"no\",\"version\":\"%02500d\"}", 1);
	bench_note(&bench, EVENT_CONSENT, "", 1, CHANNEL_WEB, json);
	assert_true(mask_after(&bench, 6) == PURPOSE_SERVICE); /* A no is not lost for its version. */
	bench_end(&bench);
	config_free(config);
}

static void a_consent_is_encoded_with_the_text_shown_and_never_from_a_ticked_box(void **state)
{
	(void)state;
	struct config *config = house_config();
	struct buffer out = BUFFER_INIT(8192), small = BUFFER_INIT(20);
	struct consent_act act = {.purpose = TEXT("marketing"), .yes = true};
	assert_int_equal(consent_encode(&out, config, &act), 0);
	struct value payload = {(const uint8_t *)out.p, out.n};
	assert_text_equal(value_text(value_get(payload, TEXT("version"))), "2");
	assert_text_equal(value_text(value_get(payload, TEXT("text"))), "May we write?");
	assert_text_equal(value_text(value_get(payload, TEXT("answer"))), "yes");
	act.preset = true;
	assert_int_equal(consent_encode(&out, config, &act), ERROR_DENIED);
	act.yes = false; /* A no needs no care. */
	assert_int_equal(consent_encode(&out, config, &act), 0);
	assert_int_equal(consent_encode(&small, config, &act), ERROR_LIMIT);
	act.version = (struct text){(const char *)memset(calloc(1, 300), 'v', 300), 300};
	assert_int_equal(consent_encode(&out, config, &act), ERROR_LIMIT);
	free((void *)(uintptr_t)act.version.p);
	act.purpose = TEXT("nothing");
	assert_int_equal(consent_encode(&out, config, &act), ERROR_NOT_FOUND);
	buffer_free(&out);
	buffer_free(&small);
	config_free(config);
}

static void a_reader_without_a_purpose_reads_nothing_learned(void **state)
{
	(void)state;
	struct reader reader = {.consents = PURPOSE_SERVICE | 6};
	assert_false(reader_may(&reader));
	reader.purpose = PURPOSE_SERVICE;
	assert_false(reader_may(&reader));
	reader.purpose = 2;
	assert_true(reader_may(&reader));
	reader.purpose = 8;
	assert_false(reader_may(&reader));
	reader.purpose = 2 | 8;
	assert_false(reader_may(&reader));
}

static void the_oldest_link_of_an_identifier_stays_in_any_order(void **state)
{
	(void)state;
	struct bench bench;
	struct identifier_known known;
	bench_start(&bench, &identifier_fold, NULL);
	bench_note(&bench, EVENT_LINK, "", 3000, CHANNEL_WEB, "{\"type\":\"email\",\"value\":\"ana@x.org\"}");
	bench_note(&bench, EVENT_LINK, "", 1000, CHANNEL_APP, "{\"type\":\"email\",\"value\":\"ana@x.org\"}");
	bench_note(&bench, EVENT_LINK, "", 2000, CHANNEL_APP, "{\"type\":\"email\",\"value\":\"ana@x.org\"}");
	bench_note(&bench, EVENT_LINK, "", 2000, CHANNEL_APP, "{\"type\":\"user\",\"value\":\"a:b\"}");
	bench_any_order(&bench, 50);
	size_t at = 0;
	assert_true(identifier_next(bench_state(&bench), &at, &known));
	assert_text_equal(known.identifier.type, "email");
	assert_int_equal(known.since_ms, 1000);
	assert_true(identifier_has(bench_state(&bench), (struct identifier){TEXT("user"), TEXT("a:b")}));
	assert_false(identifier_has(bench_state(&bench), (struct identifier){TEXT("user"), TEXT("a")}));
	assert_int_equal(identifier_count(bench_state(&bench), TEXT("email")), 1);
	bench_end(&bench);
}

static void placeholders_are_no_identifiers(void **state)
{
	(void)state;
	static const char *const blocked[] = {"", "0", "000", "0-0-0", "---", "-1", "null", "NULL", "Anonymous", "undefined", "none", "nil",
	                                      "NaN", "guest", "true", "false", "unknown", "[object Object]", "n/a", "test", " null ", "   "};
	static const char *const good[] = {"1", "ana", "-2", "nullable", "00a", "10"};
	char room[IDENTIFIER_BYTES_MAX];
	struct identifier parsed;
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
		assert_false(identifier_is_usable((struct identifier){IDENTIFIER_USER, text_of(blocked[i])}));
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(identifier_is_usable((struct identifier){IDENTIFIER_USER, text_of(good[i])}));
	assert_false(identifier_is_usable((struct identifier){IDENTIFIER_EMAIL, TEXT("@x.org")}));
	assert_false(identifier_is_usable((struct identifier){IDENTIFIER_EMAIL, TEXT("ana@")}));
	assert_true(identifier_is_usable((struct identifier){IDENTIFIER_EMAIL, TEXT("ana@x.org")}));
	assert_text_equal(identifier_normalise((struct identifier){IDENTIFIER_EMAIL, TEXT(" Ana@X.org ")}, room).value, "ana@x.org");
	assert_text_equal(identifier_normalise((struct identifier){IDENTIFIER_USER, TEXT(" Ana ")}, room).value, "Ana");
	assert_true(identifier_parse(TEXT("userId:a:b"), &parsed));
	assert_text_equal(parsed.type, "user");
	assert_text_equal(parsed.value, "a:b");
	assert_false(identifier_parse(TEXT("user:"), &parsed));
	assert_false(identifier_parse(TEXT(":ana"), &parsed));
	assert_false(identifier_parse(TEXT("ana"), &parsed));
}

static void a_request_is_open_until_it_is_answered_whatever_the_order_of_its_records(void **state)
{
	(void)state;
	struct bench bench;
	struct rights_request request;
	int64_t received = INT64_C(1777766400000), until = clock_months_after(received, 2); /* 3 May 2026. */
	char extended[120];
	bench_start(&bench, &rights_fold, NULL);
	snprintf(extended, sizeof extended, "{\"act\":\"extended\",\"request\":1,\"until\":%lld}", (long long)until);
	bench_note(&bench, EVENT_REQUEST, "", received, CHANNEL_WEB, "{\"act\":\"made\",\"type\":\"erase\",\"decision\":77}");
	bench_note(&bench, EVENT_REQUEST, "", received, CHANNEL_WEB, "{\"act\":\"made\",\"type\":\"access\"}");
	bench_note(&bench, EVENT_REQUEST, "", received + 1, CHANNEL_NONE, extended);
	bench_note(&bench, EVENT_REQUEST, "", received + 2, CHANNEL_NONE, "{\"act\":\"refused\",\"request\":2}");
	bench_note(&bench, EVENT_REQUEST, "", received + 3, CHANNEL_NONE, "{\"act\":\"done\",\"request\":2}");
	bench_note(&bench, EVENT_REQUEST, "", received + 4, CHANNEL_NONE, "{\"act\":\"done\",\"request\":999}");
	bench_note(&bench, EVENT_REQUEST, "", received + 5, CHANNEL_NONE, "{\"act\":\"made\",\"type\":\"gossip\"}");
	for (size_t i = 0; i < bench.n; i++)
		bench.events[i].header.received_ms = bench.events[i].header.time_ms;
	bench_any_order(&bench, 100);
	assert_true(rights_find(bench_state(&bench), 1, &request));
	assert_int_equal(request.state, RIGHTS_OPEN);
	assert_int_equal(request.type, RIGHTS_ERASE);
	assert_int_equal(request.decision, 77);
	assert_int_equal(request.due_ms, until);
	assert_false(rights_is_overdue(&request, until));
	assert_true(rights_is_overdue(&request, until + 1));
	assert_true(rights_find(bench_state(&bench), 2, &request));
	assert_int_equal(request.state, RIGHTS_DONE); /* The newest answer counts. */
	assert_int_equal(request.due_ms, clock_months_after(received, 1));
	assert_false(rights_is_overdue(&request, INT64_MAX));
	assert_false(rights_find(bench_state(&bench), 999, &request)); /* It was never made. */
	bench_end(&bench);
}

static void of_many_requests_the_open_ones_stay(void **state)
{
	(void)state;
	struct bench bench;
	struct rights_request request;
	size_t open = 0, closed = 0;
	bench_start(&bench, &rights_fold, NULL);
	bench_note(&bench, EVENT_REQUEST, "", 1, CHANNEL_WEB, "{\"act\":\"made\",\"type\":\"access\"}");
	bench_note(&bench, EVENT_REQUEST, "", 1, CHANNEL_WEB, "{\"act\":\"made\",\"type\":\"access\"}");
	bench_note(&bench, EVENT_REQUEST, "", 1, CHANNEL_NONE, "{\"act\":\"done\",\"request\":2}");
	while (bench.n < RIGHTS_REQUESTS_MAX + 2)
		bench_note(&bench, EVENT_REQUEST, "", 1, CHANNEL_WEB, "{\"act\":\"made\",\"type\":\"correct\"}");
	for (size_t i = 0; i < bench.n; i++) {
		bench.events[i].header.received_ms = 1;
		bench_apply(&bench, i);
	}
	for (size_t at = 0; rights_next(bench_state(&bench), &at, &request);) {
		open += request.state == RIGHTS_OPEN;
		closed += request.state != RIGHTS_OPEN;
	}
	assert_int_equal(open, RIGHTS_REQUESTS_MAX);
	assert_int_equal(closed, 0);
	assert_true(rights_find(bench_state(&bench), 1, &request));
	bench_end(&bench);
}

static void a_correction_stands_against_what_is_older_in_any_order(void **state)
{
	(void)state;
	struct bench bench;
	struct latest trait;
	bench_start(&bench, &trait_fold, NULL);
	bench_note(&bench, EVENT_IDENTIFY, "", 1000, CHANNEL_WEB, "{\"traits\":{\"street\":\"Old Road\"}}");
	bench_note(&bench, EVENT_IDENTIFY, "", 3000, CHANNEL_WEB, "{\"traits\":{\"street\":\"New Road\"},\"correction\":{\"trait\":\"street\"}}");
	bench_note(&bench, EVENT_IDENTIFY, "", 2000, CHANNEL_WEB, "{\"traits\":{\"street\":\"Old Road\"}}");
	bench_any_order(&bench, 50);
	assert_true(latest_find(bench_state(&bench), TEXT("street"), &trait));
	assert_text_equal(value_text(trait.value), "New Road");
	assert_int_equal(trait.tag, TRAIT_CORRECTED);
	bench_note(&bench, EVENT_IDENTIFY, "", 4000, CHANNEL_WEB, "{\"traits\":{\"street\":\"Third Road\"}}");
	bench_any_order(&bench, 50);
	assert_true(latest_find(bench_state(&bench), TEXT("street"), &trait));
	assert_text_equal(value_text(trait.value), "Third Road");
	assert_int_equal(trait.tag, 0);
	bench_end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_contact_ends_after_half_an_hour_of_silence),
		cmocka_unit_test(matters_open_and_close_in_any_order),
		cmocka_unit_test(never_more_matters_than_the_limit),
		cmocka_unit_test(the_last_preference_received_counts_and_null_takes_it_back),
		cmocka_unit_test(consent_counts_in_the_order_of_receipt_and_for_its_version),
		cmocka_unit_test(a_consent_is_encoded_with_the_text_shown_and_never_from_a_ticked_box),
		cmocka_unit_test(a_reader_without_a_purpose_reads_nothing_learned),
		cmocka_unit_test(the_oldest_link_of_an_identifier_stays_in_any_order),
		cmocka_unit_test(placeholders_are_no_identifiers),
		cmocka_unit_test(a_request_is_open_until_it_is_answered_whatever_the_order_of_its_records),
		cmocka_unit_test(of_many_requests_the_open_ones_stay),
		cmocka_unit_test(a_correction_stands_against_what_is_older_in_any_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
