/* csv_cell.c: cells that stay text. */
#include "base/csv_cell.h"

/* Tab, line feed and carriage return lead to whatever follows; the last four are = + - @ in full width. */
static bool begins_formula(struct text text)
{
	static const char *const beginnings[] = {"=", "+", "-", "@", "\t", "\r", "\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (text_starts(text, text_of(beginnings[i])))
			return true;
	return false;
}

void csv_cell_put(struct buffer *out, struct text text)
{
	struct text part;
	buffer_string(out, begins_formula(text) ? "\"'" : "\"");
	while (text_next(&text, '"', &part)) {
		buffer_text(out, part);
		if (text.p)
			buffer_string(out, "\"\"");
	}
	buffer_char(out, '"');
}
