/* brand_logo.c: the logo of a brand, checked. */
#include "serve/brand_logo.h"

#include <expat.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SVG_SPACE "http://www.w3.org/2000/svg"
#define HTML_SPACE "http://www.w3.org/1999/xhtml"

enum { PNG_HEAD_BYTES = 24 /* Signature, and of IHDR: length, type, width, height. */, SPACE_END = '\n' /* Between a namespace and a name. */ };

/* ---- PNG ---- */

static uint32_t big_endian(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static const char *png_problem(struct text bytes)
{
	static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
	if (bytes.n < PNG_HEAD_BYTES || memcmp(bytes.p, head, sizeof head - 1) != 0)
		return "the logo is no PNG: it does not begin as one";
	uint32_t width = big_endian(bytes.p + 16), height = big_endian(bytes.p + 20);
	if (width == 0 || height == 0 || width > BRAND_LOGO_SIDE_MAX || height > BRAND_LOGO_SIDE_MAX)
		return "a PNG logo has 1 to 2048 pixels a side";
	return NULL;
}

/* ---- SVG ---- */

struct look {
	XML_Parser parser;
	const char *problem;
	struct buffer css;      /* What stands in style elements. */
	unsigned depth, style;  /* style: depth of the style element that is open; 0: none. */
};

static void refuse(struct look *look, const char *problem)
{
	if (!look->problem)
		look->problem = problem;
	XML_StopParser(look->parser, XML_FALSE);
}

/* The name without its namespace. */
static struct text local_name(const char *name)
{
	const char *end = strrchr(name, SPACE_END);
	return text_of(end ? end + 1 : name);
}

static bool is_one_of(struct text name, const char *const *names)
{
	for (; *names; names++)
		if (text_equal_fold(name, text_of(*names)))
			return true;
	return false;
}

/* The place of @needle, in any case of letters, at or after *@at. */
static bool find_fold(struct text text, struct text needle, size_t *at)
{
	for (; *at + needle.n <= text.n; ++*at)
		if (text_equal_fold(text_first(text_from(text, *at), needle.n), needle))
			return true;
	return false;
}

static bool has_fold(struct text text, const char *needle)
{
	size_t at = 0;
	return find_fold(text, text_of(needle), &at);
}

/* What a style, or an attribute that may be one, must not say. */
static const char *css_problem(struct text css)
{
	/* The functions of CSS that take an address without url(); "-webkit-image-set(" ends as one of them. */
	static const char *const loads[] = {"@import", "image-set(", "image(", "cross-fade(", "src(", NULL};
	if (text_find(css, TEXT("\\"), NULL))
		return "the logo has an escape (a backslash) where a style may stand: write it out";
	for (const char *const *load = loads; *load; load++)
		if (has_fold(css, *load))
			return "the logo's style loads something from elsewhere: a logo stands alone";
	for (size_t at = 0; find_fold(css, TEXT("url("), &at);) {
		at += sizeof "url(" - 1;
		struct text inside = text_trim(text_from(css, at));
		if (inside.n && (inside.p[0] == '"' || inside.p[0] == '\''))
			inside = text_from(inside, 1);
		if (!text_starts(inside, TEXT("#")))
			return "the logo refers to something outside itself: url(…) may only be url(#…)";
	}
	return NULL;
}

static void attribute_look(struct look *look, struct text name, struct text value)
{
	static const char *const addresses[] = {"href", "src", NULL}, *const others[] = {"base", "srcdoc", "data", "action", "formaction", NULL};
	if (name.n > 2 && text_equal_fold(text_first(name, 2), TEXT("on")))
		return refuse(look, "the logo has an attribute that runs something (on…): take it out");
	if (is_one_of(name, addresses) && !text_starts(text_trim(value), TEXT("#")))
		return refuse(look, "the logo refers to something outside itself: href may only be \"#…\"");
	if (is_one_of(name, others))
		return refuse(look, "the logo has an attribute that can lead outside of it (base, data, action): take it out");
	/* An animation could write what may not stand there. */
	if (text_equal_fold(name, TEXT("attributeName")) && (has_fold(value, "href") || has_fold(text_first(text_trim(value), 2), "on")))
		return refuse(look, "the logo's animation changes what it refers to: take it out");
	const char *problem = css_problem(value);
	if (problem)
		refuse(look, problem);
}

static void element_begin(void *user, const char *name, const char **attributes)
{
	static const char *const refused[] = {"script", "foreignObject", "iframe", "object", "embed", "handler", "listener", NULL};
	struct look *look = user;
	const struct text local = local_name(name), whole = text_of(name);
	if (look->depth++ == 0 && !text_equal(whole, TEXT(SVG_SPACE "\nsvg")))
		return refuse(look, "the logo is no SVG: its root is not svg with xmlns=\"" SVG_SPACE "\"");
	if (is_one_of(local, refused) || text_starts(whole, TEXT(HTML_SPACE "\n")))
		return refuse(look, "the logo has an element that can run or load something (script, foreignObject, HTML): take it out");
	for (; *attributes; attributes += 2)
		attribute_look(look, local_name(attributes[0]), text_of(attributes[1]));
	if (!look->style && text_equal_fold(local, TEXT("style")))
		look->style = look->depth;
}

static void element_end(void *user, const char *name)
{
	struct look *look = user;
	(void)name;
	if (look->style == look->depth--)
		look->style = 0;
}

static void text_take(void *user, const char *p, int n)
{
	struct look *look = user;
	if (look->style)
		buffer_append(&look->css, p, (size_t)n);
}

static void doctype_begin(void *user, const char *name, const char *system, const char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	refuse(user, "the logo has a document type (<!DOCTYPE): take it out");
}

static void instruction_take(void *user, const char *target, const char *data)
{
	(void)target, (void)data;
	refuse(user, "the logo has a processing instruction (<?…?>): take it out");
}

static const char *svg_problem(struct text bytes)
{
	/* Whatever it says of itself, it is served as UTF-8 and so it is read. */
	struct look look = {.parser = XML_ParserCreateNS("UTF-8", SPACE_END), .css = BUFFER_INIT(BRAND_LOGO_BYTES_MAX)};
	if (!look.parser)
		return "the logo could not be looked at: there is too little memory";
	XML_SetUserData(look.parser, &look);
	XML_SetElementHandler(look.parser, element_begin, element_end);
	XML_SetCharacterDataHandler(look.parser, text_take);
	XML_SetStartDoctypeDeclHandler(look.parser, doctype_begin);
	XML_SetProcessingInstructionHandler(look.parser, instruction_take);
	if (XML_Parse(look.parser, bytes.p, (int)bytes.n, XML_TRUE) != XML_STATUS_OK && !look.problem)
		look.problem = "the logo is no SVG: it is not well-formed XML in UTF-8";
	if (!look.problem)
		look.problem = look.css.failed ? "the logo could not be looked at: there is too little memory" : css_problem(buffer_view(&look.css));
	XML_ParserFree(look.parser);
	buffer_free(&look.css);
	return look.problem;
}

const char *brand_logo_problem(const char *type, struct text bytes)
{
	if (bytes.n > BRAND_LOGO_BYTES_MAX)
		return "the logo has more than 32 KiB: make it smaller";
	return strcmp(type, "image/png") == 0 ? png_problem(bytes) : svg_problem(bytes);
}

/* ---- one document ---- */

static void tag_make(struct brand_logo *logo)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const uint8_t *)logo->bytes.p, logo->bytes.n);
	_Static_assert(BRAND_LOGO_TAG_BYTES == 20, "16 digits, two quotes and the end");
	logo->tag[0] = '"';
	sodium_bin2hex(logo->tag + 1, BRAND_LOGO_TAG_BYTES - 2, hash, 8);
	memcpy(logo->tag + 17, "\"", 2);
}

int brand_logo_read(struct config_build *build, struct config *config, const struct config_document *document, struct brand_logo *logo)
{
	static const struct {
		const char *before, *type;
	} types[] = {{"data:image/svg+xml;base64,", "image/svg+xml"}, {"data:image/png;base64,", "image/png"}};
	struct text address = value_text(value_get(document->body, TEXT("logo"))), encoded = {0};
	struct brand_logo read = {0};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (text_starts(address, text_of(types[i].before))) {
			read.type = types[i].type;
			encoded = text_from(address, strlen(types[i].before));
		}
	if (!read.type)
		return config_problem(build, document, "logo", "\"logo\" is the picture itself: \"data:image/svg+xml;base64,…\" or \"data:image/png;base64,…\"");
	char *room = arena_alloc(config->arena, encoded.n + 1);
	if (!room)
		return ERROR_MEMORY;
	if (sodium_base642bin((uint8_t *)room, encoded.n, encoded.p, encoded.n, " \n", &read.bytes.n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || read.bytes.n == 0)
		return config_problem(build, document, "logo", "what follows \"base64,\" is not base64: write it with base64 -w0");
	read.bytes.p = room;
	const char *problem = brand_logo_problem(read.type, read.bytes);
	if (problem)
		return config_problem(build, document, "logo", "%s", problem);
	tag_make(&read);
	*logo = read;
	return 0;
}
