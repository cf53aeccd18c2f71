/* fuzz_rule.c: any bytes, read as the rule of a segment: refused with a place and words, or said again as the same rule. */
#include "differentiate/segment/rule.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct buffer first = BUFFER_INIT(1 << 20), second = BUFFER_INIT(1 << 20), shown = BUFFER_INIT(1 << 20);
	struct text text = {(const char *)bytes, n};
	struct rule_error said;
	struct rule *rule;
	arena_init(&arena, 64 << 20);
	int error = rule_parse(&rule, &arena, text, &said);
	if (error == ERROR_INVALID) {
		if (strlen(said.message) == 0 || said.at > n)
			abort(); /* Every mistake has a place and words. */
		rule_error_show(&shown, text, &said);
	} else if (!error) {
		rule_format(&first, rule);
		/* The canonical text may be a little longer than what was written; beyond the bound of a rule it is not read again. */
		if (first.n <= RULE_BYTES_MAX) {
			if (rule_parse(&rule, &arena, buffer_view(&first), &said) != 0)
				abort();
			rule_format(&second, rule);
			if (!text_equal(buffer_view(&first), buffer_view(&second)))
				abort();
		}
	}
	buffer_free(&first);
	buffer_free(&second);
	buffer_free(&shown);
	return 0;
}
