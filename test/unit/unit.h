/* unit.h: cmocka with what it needs, and texts as expectations. */
#ifndef ATTUNE_TEST_UNIT_H
#define ATTUNE_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

#define assert_text_equal(actual, literal)                                      \
	do {                                                                          \
		struct text actual_text_ = (actual), wanted_text_ = text_of(literal);         \
		if (!text_equal(actual_text_, wanted_text_))                                \
			fail_msg("\"%.*s\" is not \"%s\"", TEXT_ARGS(actual_text_), (literal));   \
	} while (0)

#endif
