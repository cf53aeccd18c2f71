/*
 * fuzz_logo.c: any bytes, looked at as the logo of a brand.
 *
 * What is taken as an SVG is searched once more, without a parser: outside of comments, texts that can only be markup do not stand there.
 */
#include "serve/brand_logo.h"

#include <stdlib.h>
#include <string.h>

static bool has_fold(struct text text, const char *needle)
{
	const struct text wanted = text_of(needle);
	for (size_t at = 0; at + wanted.n <= text.n; at++)
		if (text_equal_fold(text_first(text_from(text, at), wanted.n), wanted))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const never[] = {"<script", "<foreignObject", "<?xml-", "xml:base", "<a href=\"j"};
	const struct text picture = {(const char *)bytes, n};
	const char *problem = brand_logo_problem("image/png", picture);
	if (problem ? strlen(problem) == 0 : n < 24 || bytes[0] != 0x89)
		abort();
	problem = brand_logo_problem("image/svg+xml", picture);
	if (problem) {
		if (strlen(problem) == 0 || strlen(problem) >= 240) /* It has to fit a problem of the configuration. */
			abort();
		return 0;
	}
	if (n > BRAND_LOGO_BYTES_MAX || !text_is_utf8(picture) || !has_fold(picture, "svg"))
		abort();
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (!text_find(picture, TEXT("<!"), NULL) && has_fold(picture, never[i]))
			abort();
	return 0;
}
