/* fuzz_dead_letters.c: the file of refused events, damaged in any way: the others are listed, the damage is named, and it is written on. */
#include "file.h"

#include "serve/dead_letters.h"

#include <string.h>

static char lines[FUZZ_FILE_BYTES_MAX];
static size_t lines_n;
#define FILE_NAME "dead-letters.ndjson"

static void letter_add(struct dead_letters *letters)
{
	const struct identifier named[] = {{TEXT("email"), TEXT("ana@example.org")}};
	dead_letters_add(letters, &(struct dead_letter){.time_ms = 1780000000000, .source = TEXT("web"), .code = "invalid", .message = TEXT("No."),
	                                               .event = TEXT("{\"type\":\"track\"}"), .named = named, .named_n = 1});
}

static void sound_make(void)
{
	struct dead_letters *letters;
	MUST(dead_letters_open(&letters, fuzz_folder()) == 0);
	for (int i = 0; i < 3; i++)
		letter_add(letters);
	dead_letters_close(letters);
	struct text file = fuzz_file_get(FILE_NAME);
	memcpy(lines, file.p, lines_n = file.n);
}

static void nothing(void *arg)
{
	(void)arg;
}

static bool is_ana(void *arg, struct identifier named)
{
	(void)arg;
	return text_equal(named.value, TEXT("ana@example.org"));
}

static void use(struct dead_letters *letters)
{
	struct buffer out = BUFFER_INIT(1 << 22);
	struct json_writer writer = JSON_WRITER(&out);
	struct json root;
	static struct json_parser *parser;
	size_t n = 0;
	if (!parser)
		parser = json_parser_new(1 << 22, 64);
	letter_add(letters);
	MUST(dead_letters_write(letters, &writer, 100) == 0 && !out.failed);
	MUST(json_parse(parser, buffer_view(&out), &root) == 0 && json_count(root) >= 1);
	buffer_reset(&out);
	MUST(dead_letters_about(letters, is_ana, NULL, &out, nothing) == 0 && out.n);
	MUST(dead_letters_forget(letters, is_ana, NULL, &n) == 0 && n >= 1);
	buffer_reset(&out);
	MUST(dead_letters_about(letters, is_ana, NULL, &out, nothing) == 0 && out.n == 0);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz_input input = {bytes, n};
	struct dead_letters *letters;
	bool cut = true;
	if (!lines_n)
		sound_make();
	damage_clear();
	bool raw = fuzz_byte(&input) & 1;
	struct text file = raw ? fuzz_rest(&input) : fuzz_damaged(&input, (struct text){lines, lines_n}, &cut);
	fuzz_file_put(FILE_NAME, file);
	bool may_be_torn = cut || !text_ends(file, TEXT("\n"));
	MUST(dead_letters_open(&letters, fuzz_folder()) == 0);
	MUST(may_be_torn || text_equal(file, (struct text){lines, lines_n}) || fuzz_is_named(FILE_NAME));
	use(letters);
	dead_letters_close(letters);
	return 0;
}
