/* brand.c: the brand of a configuration, checked, and its style. */
#include "serve/brand.h"

#include "base/code.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>

enum { STYLE_BYTES_MAX = 700, TITLE_BYTES_MAX = 80, CONTACT_BYTES_MAX = 300 };

static const struct config_key accent_keys[] = {
	{.name = "light", .type = CONFIG_TEXT, .required = true}, {.name = "dark", .type = CONFIG_TEXT, .required = true}, {.name = NULL}};
static const struct config_key brand_keys[] = {
	{.name = "title", .type = CONFIG_TEXT, .required = true},
	{.name = "home", .type = CONFIG_TEXT},
	{.name = "accent", .type = CONFIG_MAP, .keys = accent_keys},
	{.name = "font", .type = CONFIG_TEXT, .choices = "hyperlegible system sans serif"},
	{.name = "contact", .type = CONFIG_TEXT},
	{.name = "logo", .type = CONFIG_TEXT},
	{.name = "controller", .type = CONFIG_MAP, .keys = controller_keys},
	{.name = NULL},
};

/* The letters that can be chosen: none of them is fetched from anywhere. Without one of these the page keeps its own. */
static const struct {
	const char *name, *stack;
} fonts[] = {
	{"system", "system-ui,-apple-system,\"Segoe UI\",\"Noto Sans\",sans-serif"},
	{"sans", "\"Helvetica Neue\",Helvetica,Arial,\"Liberation Sans\",sans-serif"},
	{"serif", "Georgia,\"Noto Serif\",\"Liberation Serif\",\"Times New Roman\",serif"},
};

/* What a word that can be pressed may stand on: paper, raised and tint of web/shared/tokens.css. */
static const struct ground {
	const char *key, *name, *advice;
	struct brand_colour on[3];
} grounds[] = {
	{"light", "light", "darker", {{0xfa, 0xf8, 0xf4}, {0xff, 0xff, 0xff}, {0xf1, 0xee, 0xe7}}},
	{"dark", "dark", "lighter", {{0x14, 0x18, 0x1d}, {0x1c, 0x22, 0x29}, {0x20, 0x27, 0x2f}}},
};

/* ---- colours ---- */

static bool colour_parse(struct text text, struct brand_colour *colour)
{
	uint8_t rgb[3];
	if (!code_is_colour(text, rgb))
		return false;
	*colour = (struct brand_colour){rgb[0], rgb[1], rgb[2]};
	return true;
}

static double linear(uint8_t part)
{
	double share = part / 255.0;
	return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4);
}

static double luminance(struct brand_colour colour)
{
	return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
}

double brand_contrast(struct brand_colour a, struct brand_colour b)
{
	double one = luminance(a), other = luminance(b);
	return (fmax(one, other) + 0.05) / (fmin(one, other) + 0.05);
}

/* ---- one document ---- */

/* Read the colour for one of the grounds; it has to do on all it may stand on. */
static int accent_read(struct config_build *build, const struct config_document *document, const struct ground *ground, struct brand_colour *colour)
{
	char path[20];
	struct text text = value_text(value_get(value_get(document->body, TEXT("accent")), text_of(ground->key)));
	snprintf(path, sizeof path, "accent.%s", ground->key);
	if (!colour_parse(text, colour))
		return config_problem(build, document, path, "\"%.*s\" is not a colour. Use " CODE_COLOUR_ALLOWED ".", TEXT_ARGS(text_cut(text, 40)));
	for (size_t i = 0; i < 3; i++) {
		double contrast = brand_contrast(*colour, ground->on[i]);
		if (contrast < BRAND_CONTRAST_MIN)
			return config_problem(build, document, path, "%.*s has a contrast of %.1f to 1 on our %s ground, and %.1f is needed to be read: take a %s one",
			                      TEXT_ARGS(text), floor(contrast * 10) / 10, ground->name, BRAND_CONTRAST_MIN, ground->advice);
	}
	return 0;
}

/* White or black on the accent, whichever is read better: one of them has 4.58 to 1 on any colour. */
static const char *on_accent(struct brand_colour accent)
{
	const struct brand_colour white = {255, 255, 255}, black = {0, 0, 0};
	return brand_contrast(accent, white) >= brand_contrast(accent, black) ? "#fff" : "#000";
}

static int colours_write(struct config_build *build, const struct config_document *document, struct buffer *style)
{
	struct brand_colour light, dark;
	int error = accent_read(build, document, &grounds[0], &light), failed = accent_read(build, document, &grounds[1], &dark);
	if (error || failed)
		return ERROR_INVALID;
	buffer_format(style, "--accent:light-dark(#%02x%02x%02x,#%02x%02x%02x);--accent-ink:var(--accent);--on-accent:light-dark(%s,%s);--accent-tint:var(--tint);",
	              light.red, light.green, light.blue, dark.red, dark.green, dark.blue, on_accent(light), on_accent(dark));
	return 0;
}

static int style_read(struct config_build *build, struct config *config, const struct config_document *document, struct brand *brand)
{
	struct buffer style = BUFFER_INIT(STYLE_BYTES_MAX);
	struct text font = value_text(value_get(document->body, TEXT("font")));
	int error = 0;
	buffer_string(&style, ":root{");
	const size_t empty = style.n;
	if (value_get(document->body, TEXT("accent")).n)
		error = colours_write(build, document, &style);
	for (size_t i = 0; i < sizeof fonts / sizeof *fonts; i++)
		if (text_equal(font, text_of(fonts[i].name)))
			buffer_format(&style, "--face:%s;", fonts[i].stack);
	const bool any = style.n > empty;
	/* High contrast is black on white, whoever's page it is: tokens.css says so with more weight. */
	buffer_string(&style, "}\n");
	if (!error && any)
		brand->style = text_copy(config->arena, buffer_view(&style));
	if (!error && (style.failed || (any && !brand->style.p)))
		error = ERROR_MEMORY;
	buffer_free(&style);
	return error;
}

static bool is_shown_letter(char c)
{
	return (unsigned char)c > ' ' && c != '"' && c != '\'' && c != '<' && c != '>' && c != '\\' && c != '`' && (unsigned char)c < 0x7f;
}

/* Nothing that a browser would run. */
bool brand_is_address(struct text address, bool plain)
{
	const struct text scheme = text_starts(address, TEXT("https://")) ? TEXT("https://") : plain && text_starts(address, TEXT("http://")) ? TEXT("http://") : TEXT("");
	const struct text rest = text_from(address, scheme.n);
	if (rest.n == 0 || address.n > BRAND_ADDRESS_BYTES_MAX || (rest.p[0] == '/') == (scheme.n > 0) || text_starts(rest, TEXT("//")))
		return false;
	for (size_t i = 0; i < address.n; i++)
		if (!is_shown_letter(address.p[i]))
			return false;
	return true;
}

/* The members that have files of their own. */
static int parts_read(struct config_build *build, struct config *config, const struct config_document *document, struct brand *brand)
{
	int error = value_get(document->body, TEXT("logo")).n ? brand_logo_read(build, config, document, &brand->logo) : 0;
	int failed = value_get(document->body, TEXT("controller")).n ? controller_read(build, document, &brand->controller) : 0;
	return error ? error : failed;
}

static int brand_read(struct config_build *build, struct config *config, const struct config_document *document, struct brand *brand)
{
	*brand = (struct brand){.title = value_text(value_get(document->body, TEXT("title"))), .home = value_text(value_get(document->body, TEXT("home"))),
	                        .contact = value_text(value_get(document->body, TEXT("contact")))};
	int error = style_read(build, config, document, brand), failed = parts_read(build, config, document, brand);
	if (brand->title.n > TITLE_BYTES_MAX)
		error = config_problem(build, document, "title", "the title has at most %d bytes", TITLE_BYTES_MAX);
	if (brand->contact.n > CONTACT_BYTES_MAX)
		error = config_problem(build, document, "contact", "how to reach you has at most %d bytes", CONTACT_BYTES_MAX);
	if (value_get(document->body, TEXT("home")).n && !brand_is_address(brand->home, false))
		error = config_problem(build, document, "home", "\"home\" is an address that begins with https://, or a path of this server such as /harbour");
	return error ? error : failed;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	size_t at = 0;
	const struct config_document *document = config_next(config, TEXT("brand"), &at), *second = config_next(config, TEXT("brand"), &at);
	if (!document)
		return 0;
	if (second)
		return config_problem(build, second, "name", "there is a brand \"%.*s\" already, and the page is one company's", TEXT_ARGS(text_cut(document->name, 60)));
	struct brand *brand = arena_zero_alloc(config->arena, 1, sizeof *brand);
	if (!brand)
		return ERROR_MEMORY;
	*section = brand;
	return brand_read(build, config, document, brand);
}

const struct config_kind brand_kind = {.name = "brand", .keys = brand_keys, .section = CONFIG_BRAND, .compile = compile};

const struct brand *brand_of(const struct config *config)
{
	return config ? config->sections[CONFIG_BRAND] : NULL;
}
