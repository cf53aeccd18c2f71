/* html.c: the escaping, in one place. */
#include "serve/html.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void escape(struct buffer *out, struct text text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '&')
			buffer_string(out, "&amp;");
		else if (c == '<')
			buffer_string(out, "&lt;");
		else if (c == '>')
			buffer_string(out, "&gt;");
		else if (c == '"')
			buffer_string(out, "&quot;");
		else if (c == '\'')
			buffer_string(out, "&#39;");
		else
			buffer_char(out, ((unsigned char)c < ' ' && c != '\n') || c == 0x7f ? ' ' : c);
	}
}

static void tag_end(struct html *html)
{
	if (html->in_tag)
		buffer_char(html->out, '>');
	html->in_tag = false;
}

void html_attribute(struct html *html, const char *name, struct text value)
{
	assert(html->in_tag);
	buffer_char(html->out, ' ');
	buffer_string(html->out, name);
	buffer_string(html->out, "=\"");
	escape(html->out, value);
	buffer_char(html->out, '"');
}

void html_open(struct html *html, const char *element, ...)
{
	va_list args;
	const char *name;
	tag_end(html);
	buffer_char(html->out, '<');
	buffer_string(html->out, element);
	html->in_tag = true;
	va_start(args, element);
	while ((name = va_arg(args, const char *))) {
		const char *value = va_arg(args, const char *);
		if (value)
			html_attribute(html, name, text_of(value));
	}
	va_end(args);
}

/* A line's end behind it would be a blank on the page. */
static bool is_inline(const char *element)
{
	return strcmp(element, "a") == 0 || strcmp(element, "span") == 0 || strcmp(element, "strong") == 0;
}

void html_close(struct html *html, const char *element)
{
	tag_end(html);
	buffer_string(html->out, "</");
	buffer_string(html->out, element);
	buffer_string(html->out, is_inline(element) ? ">" : ">\n");
}

void html_text(struct html *html, struct text text)
{
	tag_end(html);
	escape(html->out, text);
}

void html_string(struct html *html, const char *terminated)
{
	html_text(html, text_of(terminated));
}

void html_format(struct html *html, const char *format, ...)
{
	char bytes[HTML_FORMAT_BYTES];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(bytes, sizeof bytes, format, args);
	va_end(args);
	struct text text = {bytes, n < 0 ? 0 : (size_t)n < sizeof bytes ? (size_t)n : sizeof bytes - 1};
	while (text.n && !text_is_utf8(text))
		text.n--; /* Cut in the middle of a letter. */
	html_text(html, text);
}

void html_element(struct html *html, const char *element, const char *text)
{
	html_open(html, element, NULL);
	html_string(html, text);
	html_close(html, element);
}
