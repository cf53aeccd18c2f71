/* Configuration: every mistake is said with its place; versions are kept whole. */
#include "unit.h"

#include "folder.h"

#include "engine/config_log.h"
#include "interact/matter.h"
#include "interact/journey.h"
#include "interact/touchpoint.h"
#include "log/log.h"
#include "trust/purpose.h"

#include <stdlib.h>
#include <string.h>

static const struct config_key inner_keys[] = {{.name = "event", .type = CONFIG_TEXT, .required = true}, {.name = NULL}};
static const struct config_key thing_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true},
	{.name = "type", .type = CONFIG_TEXT, .choices = "usual menu"},
	{.name = "slots", .type = CONFIG_NUMBER},
	{.name = "open", .type = CONFIG_YES_NO},
	{.name = "options", .type = CONFIG_TEXTS},
	{.name = "items", .type = CONFIG_LIST, .keys = inner_keys},
	{.name = "learns", .type = CONFIG_MAP, .keys = inner_keys},
	{.name = NULL}};

static int thing_compile(struct config_build *build, struct config *config, const void **section)
{
	size_t at = 0;
	const struct config_document *document;
	(void)section;
	while ((document = config_next(config, TEXT("thing"), &at)))
		if (text_equal(value_text(value_at(document->body, TEXT("learns.event"))), TEXT("Bad")))
			return config_problem(build, document, "learns.event", "no event \"%s\"", "Bad");
	return 0;
}

static const struct config_kind thing_kind = {
	.name = "thing", .keys = thing_keys, .shapes_states = true, .section = CONFIG_SURFACES, .compile = thing_compile};
static const struct config_kind *const kind_list[] = {&thing_kind, &purpose_kind, &matter_kind, &source_kind, &touchpoint_kind, &journey_kind};
static const struct config_kinds kinds = {kind_list, sizeof kind_list / sizeof *kind_list};

static char said[2000];

static void problem(void *arg, const struct config_problem *problem)
{
	size_t n = strlen(said);
	(void)arg;
	snprintf(said + n, sizeof said - n, "%s%.*s:%u:%u: %s", n ? "\n" : "", TEXT_ARGS(problem->file), problem->line, problem->column,
	         problem->message);
}

static int build(struct config **config, const char *yaml)
{
	struct config_file file = {TEXT("f"), text_of(yaml)};
	struct config_version version = {.version = 7, .files = &file, .files_n = 1};
	said[0] = 0;
	return config_build(config, &kinds, &version, problem, NULL);
}

static void the_words_of_the_company_are_told_from_others(void **state)
{
	(void)state;
	struct config *config;
	assert_int_equal(build(&config, "kind: thing\nname: home\ntitle: Order Completed\n"), 0);
	assert_true(config_says(config, TEXT("Order Completed")) && config_says(config, TEXT("home")) && config_says(config, TEXT("title")));
	assert_false(config_says(config, TEXT("Order")) || config_says(config, TEXT("order completed")) || config_says(config, (struct text){0}));
	config_free(config);
	assert_int_equal(build(&config, ""), 0);
	assert_false(config_says(config, TEXT("home")) || config_says(NULL, TEXT("home")));
	config_free(config);
}

static void every_mistake_is_said_with_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *said;
	} mistakes[] = {
		{"kind: thing\nname: a\ntitel: x\n", "f:3:1: there is no key \"titel\"; did you mean \"title\"?\nf:1:1: \"title\" is missing"},
		{"kind: thing\nname: a\ntitle: x\nentirelyother: 1\n", "f:4:1: there is no key \"entirelyother\" here"},
		{"kind: thing\nname: a\ntitle: [x]\n", "f:3:1: \"title\" must be a text"},
		{"kind: thing\nname: a\ntitle:\n", "f:3:1: \"title\" must be a text"},
		{"kind: thing\nname: a\ntitle: ~\n", "f:3:1: \"title\" must be a text"},
		{"kind: thing\nname: a\ntitle: x\ntype: other\n", "f:4:1: \"type\" must be one of: usual menu"},
		{"kind: thing\nname: a\ntitle: x\nslots: many\n", "f:4:1: \"slots\" must be a number"},
		{"kind: thing\nname: a\ntitle: x\nopen: maybe\n", "f:4:1: \"open\" must be true or false"},
		{"kind: thing\nname: a\ntitle: x\noptions: one\n", "f:4:1: \"options\" must be a list"},
		{"kind: thing\nname: a\ntitle: x\noptions: [a, {b: c}]\n", "f:4:14: an item of \"options\" must be a text"},
		{"kind: thing\nname: a\ntitle: x\nitems: {}\n", "f:4:1: \"items\" must be a list"},
		{"kind: thing\nname: a\ntitle: x\nitems: [a]\n", "f:4:9: an item of \"items\" must be a map"},
		{"kind: thing\nname: a\ntitle: x\nitems:\n  - evnt: a\n", "f:5:5: there is no key \"evnt\"; did you mean \"event\"?\nf:5:5: \"event\" is missing"},
		{"kind: thing\nname: a\ntitle: x\nlearns: a\n", "f:4:1: \"learns\" must be a map"},
		{"kind: thing\nname: a\ntitle: x\nlearns:\n  event: Bad\n", "f:5:3: no event \"Bad\""},
		{"kind: thing\ntitle: x\n", "f:1:1: a document needs \"kind\" and \"name\""},
		{"- a\n", "f:1:1: a document needs \"kind\" and \"name\""},
		{"kind: thin\nname: a\n", "f:1:1: there is no kind \"thin\"; did you mean \"thing\"?"},
		{"kind: thing\nname: a\ntitle: x\n---\nkind: thing\nname: a\ntitle: y\n", "f:6:1: there is a thing \"a\" already, in f line 1"},
		{"kind: purpose\nname: service\ntitle: t\ntext: x\nversion: 1\n", "f:2:1: \"service\" is there already and needs no consent"},
		{"kind: touchpoint\nname: a\nchannel: pigeon\n",
		 "f:3:1: \"channel\" must be one of: web app email phone chat store branch machine post social"},
		{"kind: matter\nname: a\nopens: {event: A}\ncloses: {event: B}\n", "f:3:1: \"id\" is missing"},
	};
	struct config *config;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		assert_int_equal(build(&config, mistakes[i].yaml), ERROR_INVALID);
		assert_string_equal(said, mistakes[i].said);
	}
	assert_int_equal(build(&config, "kind: [\n"), ERROR_INVALID);
	assert_true(strlen(said) > 0);
}

static void a_scalar_is_what_its_key_says(void **state)
{
	(void)state;
	struct config *config;
	assert_int_equal(build(&config, "kind: thing\nname: 12\ntitle: 2024\nslots: \"6\"\nopen: yes\noptions: [1, true, x]\n"), 0);
	const struct config_document *thing = config_find(config, TEXT("thing"), TEXT("12"));
	int64_t slots;
	assert_non_null(thing);
	assert_text_equal(value_text(value_get(thing->body, TEXT("title"))), "2024");
	assert_true(value_int(value_get(thing->body, TEXT("slots")), &slots) && slots == 6);
	assert_true(value_is_true(value_get(thing->body, TEXT("open"))));
	struct value_cursor cursor = {0};
	struct value item;
	for (size_t i = 0; value_next_item(&cursor, value_get(thing->body, TEXT("options")), &item); i++)
		assert_int_equal(value_type_of(item), VALUE_TEXT);
	assert_int_equal(config->version, 7);
	config_free(config);
	/* Versions that look like numbers differ where their texts do. */
	assert_int_equal(build(&config, "kind: purpose\nname: p\ntitle: t\ntext: x\nversion: 1.10\n"), 0);
	assert_text_equal(purpose_find(config, TEXT("p"))->version, "1.10");
	config_free(config);
}

static void a_language_serves_who_wants_it_or_something_narrower(void **state)
{
	(void)state;
	static const struct {
		const char *language, *wanted;
		bool serves;
	} pairs[] = {{"cs", "cs", true},    {"cs", "cs-CZ", true}, {"cs", "CS_cz", true},       {"cs-CZ", "cs", false}, {"cs", "csb", false},
	             {"c", "cs", false},    {"", "cs", false},     {"zh-Hant", "zh-hant-TW", true}, {"en", "", false},      {"en-GB", "en-US", false}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_int_equal(language_serves(text_of(pairs[i].language), text_of(pairs[i].wanted)), pairs[i].serves);
	struct config *config;
	assert_int_equal(build(&config, "kind: purpose\nname: p\ntitle: t\ntext: x\nversion: 1\ntexts: {zh: {title: a, text: wide}, zh-TW: {title: b, text: narrow}}\n"), 0);
	const struct purpose *purpose = purpose_find(config, TEXT("p"));
	assert_text_equal(purpose_words_in(purpose, TEXT("zh-TW")).text, "narrow");
	assert_text_equal(purpose_words_in(purpose, TEXT("zh-CN")).text, "wide");
	assert_text_equal(purpose_words_in(purpose, TEXT("zh-CN")).language, "zh");
	assert_text_equal(purpose_words_in(purpose, TEXT("fr")).text, "x");
	assert_text_equal(purpose_words_in(purpose, TEXT("fr")).language, "en");
	assert_true(purpose_speaks(purpose, TEXT("en-US")) && purpose_speaks(purpose, TEXT("zh")) && !purpose_speaks(purpose, TEXT("fr")));
	config_free(config);
	assert_int_equal(build(&config, "kind: purpose\nname: p\ntitle: t\ntext: x\nversion: 1\nlaw: an act\n"), ERROR_INVALID);
	assert_string_equal(said, "f:6:1: \"law\" stands only beside \"basis: legal-obligation\"");
}

static void states_depend_only_on_what_shapes_them(void **state)
{
	(void)state;
	struct config *a, *b, *c;
	assert_int_equal(build(&a, "kind: thing\nname: a\ntitle: x\n"), 0);
	assert_int_equal(build(&b, "kind: thing\nname: a\ntitle: x\n---\nkind: source\nname: s\n"), 0);
	assert_int_equal(build(&c, "kind: thing\nname: a\ntitle: y\n"), 0);
	assert_true(a->mark == b->mark && a->mark != c->mark);
	config_free(a);
	config_free(b);
	config_free(c);
}

static void without_memory_building_says_so_and_leaks_nothing(void **state)
{
	(void)state;
	for (uint64_t nth = 1;; nth++) {
		struct config *config;
		memory_fail_at(nth);
		int error = build(&config, "kind: purpose\nname: a\ntitle: x\ntext: y\nversion: 1\n---\n"
		                           "kind: matter\nname: bill\nopens: {event: A, id: b}\ncloses: {event: B}\n");
		bool failed = memory_count() >= nth;
		memory_fail_at(0);
		if (!error)
			config_free(config);
		else
			assert_int_equal(error, ERROR_MEMORY);
		if (!failed)
			break;
	}
}

static void a_matter_may_be_closed_by_another_property(void **state)
{
	(void)state;
	struct config *config;
	uint8_t room[8192];
	struct matter matter;
	struct fold_state fold = {.p = room, .capacity = sizeof room};
	assert_int_equal(build(&config, "kind: matter\nname: m\nopens: {event: A, id: order}\ncloses: {event: B, id: ref}\n"), 0);
	struct fold_context context = {.config = config};
	for (int i = 0; i < 2; i++) {
		struct buffer payload = BUFFER_INIT(256);
		size_t object = value_open(&payload, VALUE_OBJECT);
		value_put_key(&payload, TEXT("properties"));
		size_t inner = value_open(&payload, VALUE_OBJECT);
		value_put_key(&payload, i ? TEXT("ref") : TEXT("order"));
		value_put_text(&payload, TEXT("1"));
		value_close(&payload, inner);
		value_close(&payload, object);
		struct event event = {.position = 1 + (uint64_t)i, .name = i ? TEXT("B") : TEXT("A"), .payload = {(const uint8_t *)payload.p, payload.n},
		                      .header = {.time_ms = 1000 + i}};
		matter_fold.apply(&fold, &event, &context);
		buffer_free(&payload);
	}
	size_t at = 0;
	assert_true(matter_next((struct text){(const char *)room, fold.n}, &at, &matter));
	assert_true(matter.opened_by == 1 && matter.closed_by == 2);
	assert_false(matter_next((struct text){(const char *)room, fold.n}, &at, &matter));
	config_free(config);
}

/* ---- versions ---- */

static void newest(const char *folder, uint32_t version, size_t files_n, const char *first)
{
	struct config_log *config_log;
	struct config_version found;
	struct arena arena;
	arena_init(&arena, 1 << 26);
	assert_int_equal(config_log_open(&config_log, folder), 0);
	assert_int_equal(config_log_read(config_log, 0, &arena, &found), 0);
	assert_int_equal(found.version, version);
	assert_int_equal(found.files_n, files_n);
	if (files_n)
		assert_text_equal(found.files[0].text, first);
	config_log_close(config_log);
	arena_free(&arena);
}

static void add(const char *folder, const struct config_file *files, size_t n, uint32_t version)
{
	struct config_log *config_log;
	struct config_version made = {.files = files, .files_n = n};
	assert_int_equal(config_log_open(&config_log, folder), 0);
	assert_int_equal(config_log_add(config_log, &made, "test"), 0);
	assert_int_equal(made.version, version);
	config_log_close(config_log);
}

/* Two files of a version that is never closed: as when the power goes in the middle. */
static void add_half(const char *folder, uint32_t version)
{
	struct log *log;
	struct log_options options = {.folder = folder, .segment_bytes = 4 * 1024 * 1024};
	uint64_t position;
	assert_int_equal(log_open(&log, &options, 0), 0);
	for (int i = 0; i < 2; i++) {
		struct buffer entry = BUFFER_INIT(1000);
		size_t object = value_open(&entry, VALUE_OBJECT);
		value_put_key(&entry, TEXT("version"));
		value_put_int(&entry, version);
		value_put_key(&entry, TEXT("part"));
		value_put_int(&entry, i);
		value_put_key(&entry, TEXT("file"));
		value_put_text(&entry, TEXT("half"));
		value_put_key(&entry, TEXT("text"));
		value_put_text(&entry, TEXT("half"));
		value_close(&entry, object);
		struct text part = buffer_view(&entry);
		assert_int_equal(log_append(log, &part, 1, &position), 0);
		buffer_free(&entry);
	}
	log_close(log);
}

static void the_newest_whole_version_is_read_after_a_cut(void **state)
{
	(void)state;
	char folder[64];
	struct config_file files[] = {{TEXT("a.yaml"), TEXT("one")}, {TEXT("b.yaml"), TEXT("")}, {TEXT("c.yaml"), TEXT("three")}};
	folder_new(folder);
	newest(folder, 0, 0, NULL);
	add(folder, files, 3, 1);
	newest(folder, 1, 3, "one");
	add_half(folder, 2);
	newest(folder, 1, 3, "one");
	files[0].text = TEXT("two");
	add(folder, files, 1, 2); /* None of the half one's files are in it. */
	newest(folder, 2, 1, "two");
	add_half(folder, 3);
	add(folder, NULL, 0, 3);
	newest(folder, 3, 0, NULL);
	folder_remove(folder);
}

static void large_configurations_are_kept_and_too_large_ones_refused(void **state)
{
	(void)state;
	enum { FILES = 60 };
	char folder[64], *text = malloc(YAML_BYTES_MAX + 1);
	struct config_file files[FILES], *many = calloc(1001, sizeof *many);
	struct config_log *config_log;
	memset(text, '#', YAML_BYTES_MAX + 1);
	for (int i = 0; i < FILES; i++)
		files[i] = (struct config_file){TEXT("f"), {text, YAML_BYTES_MAX}};
	folder_new(folder);
	add(folder, files, FILES, 1); /* Six times what the log holds back at a time. */
	add(folder, files, FILES, 2);
	assert_int_equal(config_log_open(&config_log, folder), 0);
	files[3].text.n++;
	assert_int_equal(config_log_add(config_log, &(struct config_version){.files = files, .files_n = FILES}, "test"), ERROR_LIMIT);
	for (int i = 0; i < 1001; i++)
		many[i] = (struct config_file){TEXT("f"), TEXT("x")};
	assert_int_equal(config_log_add(config_log, &(struct config_version){.files = many, .files_n = 1001}, "test"), ERROR_LIMIT);
	assert_int_equal(config_log_add(config_log, &(struct config_version){.files = many, .files_n = 1000}, "test"), 0);
	config_log_close(config_log);
	newest(folder, 3, 1000, "x");
	folder_remove(folder);
	free(text);
	free(many);
}

/* The bit of purpose @name in a configuration with the purposes @names, "b c", after one with the lasting names @before. */
static int purposes_build(struct config **config, struct config_lasting before, const char *names)
{
	struct text rest = text_of(names), name;
	struct buffer yaml = BUFFER_INIT(100000);
	struct config_version version = {.lasting = before, .files_n = 1};
	while (text_next(&rest, ' ', &name))
		buffer_format(&yaml, "---\nkind: purpose\nname: %.*s\ntitle: x\ntext: x\nversion: 1\n", TEXT_ARGS(name));
	struct config_file file = {TEXT("f"), buffer_view(&yaml)};
	version.files = &file;
	said[0] = 0;
	int error = config_build(config, &kinds, &version, problem, NULL);
	buffer_free(&yaml);
	return error;
}

static uint64_t mask_of(const struct config *config, const char *name)
{
	const struct purpose *purpose = purpose_find(config, text_of(name));
	assert_non_null(purpose);
	assert_ptr_equal(purpose_of_mask(config, purpose->mask), purpose);
	return purpose->mask;
}

static void a_purpose_keeps_its_bit_for_ever(void **state)
{
	(void)state;
	struct config *first, *second, *third;
	assert_int_equal(purposes_build(&first, (struct config_lasting){0}, "c b analytics"), 0);
	uint64_t b = mask_of(first, "b"), c = mask_of(first, "c");
	assert_int_equal(mask_of(first, "analytics"), 1 << 2);
	assert_int_not_equal(b, c);
	assert_int_equal(purposes_build(&second, first->lasting, "a c"), 0);
	assert_int_equal(mask_of(second, "c"), c);
	assert_false(mask_of(second, "a") & (b | c | PURPOSE_SERVICE)); /* Nor that of b, which may come back. */
	assert_int_equal(purposes_build(&third, second->lasting, "personalisation a b c"), 0);
	assert_int_equal(mask_of(third, "a"), mask_of(second, "a"));
	assert_int_equal(mask_of(third, "b"), b);
	assert_int_equal(mask_of(third, "c"), c);
	assert_int_equal(mask_of(third, "personalisation"), 1 << 1);
	config_free(first);
	config_free(second);
	config_free(third);
}

static void a_purpose_too_many_is_said_with_its_place(void **state)
{
	(void)state;
	struct config *config;
	struct config_lasting lasting = {0};
	char name[8];
	uint64_t all = PURPOSE_SERVICE;
	for (int i = 0; i < 58; i++) {
		snprintf(name, sizeof name, "p%d", i);
		assert_int_equal(purposes_build(&config, lasting, name), 0); /* One after another, never two at once. */
		assert_false(mask_of(config, name) & (all | 0x3e));
		all |= mask_of(config, name);
		for (size_t n = 0; n < config->lasting.n; n++) /* Its texts live as long as the config. */
			if (n >= lasting.n)
				lasting.names[n] = (struct text){strdup(config->lasting.names[n].p), config->lasting.names[n].n};
		lasting.n = config->lasting.n;
		config_free(config);
	}
	assert_int_equal(purposes_build(&config, lasting, "p3 sharing"), 0);
	config_free(config);
	assert_int_equal(purposes_build(&config, lasting, "p3 one-more"), ERROR_INVALID);
	assert_non_null(strstr(said, "f:9:1: there can never be more than 58 purposes beside the well-known ones"));
	for (size_t n = 0; n < lasting.n; n++)
		free((void *)(uintptr_t)lasting.names[n].p);
}

static void lasting_names_stay_in_the_log(void **state)
{
	(void)state;
	char folder[64];
	struct config_log *config_log;
	struct config_version made = {.lasting = {{TEXT("b"), TEXT("c")}, 2}}, found;
	struct arena arena;
	folder_new(folder);
	arena_init(&arena, 1 << 20);
	assert_int_equal(config_log_open(&config_log, folder), 0);
	assert_int_equal(config_log_read(config_log, 0, &arena, &found), 0);
	assert_int_equal(found.lasting.n, 0);
	assert_int_equal(config_log_add(config_log, &made, "test"), 0);
	config_log_close(config_log);
	add_half(folder, 2);
	assert_int_equal(config_log_open(&config_log, folder), 0);
	assert_int_equal(config_log_read(config_log, 0, &arena, &found), 0);
	assert_int_equal(found.lasting.n, 2);
	assert_text_equal(found.lasting.names[0], "b");
	assert_text_equal(found.lasting.names[1], "c");
	struct config_version later = {.version = 40}; /* Versions up to that were in force, though they are not here. */
	assert_int_equal(config_log_add(config_log, &later, "test"), 0);
	assert_int_equal(later.version, 41);
	later.version = 5;
	assert_int_equal(config_log_add(config_log, &later, "test"), 0);
	assert_int_equal(later.version, 42);
	config_log_close(config_log);
	arena_free(&arena);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_is_said_with_its_place),
		cmocka_unit_test(the_words_of_the_company_are_told_from_others),
		cmocka_unit_test(a_scalar_is_what_its_key_says),
		cmocka_unit_test(a_language_serves_who_wants_it_or_something_narrower),
		cmocka_unit_test(states_depend_only_on_what_shapes_them),
		cmocka_unit_test(without_memory_building_says_so_and_leaks_nothing),
		cmocka_unit_test(a_matter_may_be_closed_by_another_property),
		cmocka_unit_test(the_newest_whole_version_is_read_after_a_cut),
		cmocka_unit_test(large_configurations_are_kept_and_too_large_ones_refused),
		cmocka_unit_test(a_purpose_keeps_its_bit_for_ever),
		cmocka_unit_test(a_purpose_too_many_is_said_with_its_place),
		cmocka_unit_test(lasting_names_stay_in_the_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
