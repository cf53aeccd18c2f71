/*
 * html.h: writes pages in which text from outside is only ever text.
 *
 * Names of elements and attributes are literals of this program; every text and every value of an attribute is escaped
 * as it is written, and control characters become blanks. There is no way to write markup that came from outside.
 * An element without content (input, meta, link) is opened and not closed. Running out of memory shows in the buffer.
 */
#ifndef ATTUNE_SERVE_HTML_H
#define ATTUNE_SERVE_HTML_H

#include "base/text.h"

struct html {
	struct buffer *out;
	bool in_tag;               /* "<li" stands there: attributes may follow. */
};

/* Open an element with attributes as pairs of name and value, ended by NULL: html_open(html, "a", "href", "#way", NULL).
 * A NULL value leaves the attribute out. */
void html_open(struct html *html, const char *element, ...) __attribute__((sentinel));
/* One more attribute of the element that was just opened. */
void html_attribute(struct html *html, const char *name, struct text value);
void html_close(struct html *html, const char *element);

void html_text(struct html *html, struct text text);
void html_string(struct html *html, const char *terminated);
void html_format(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3))); /* HTML_FORMAT_BYTES at most. */

/* <element>text</element> */
void html_element(struct html *html, const char *element, const char *text);

enum { HTML_FORMAT_BYTES = 2000 };

#endif
