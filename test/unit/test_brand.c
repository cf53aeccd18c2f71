/* A logo is served only when it can neither run nor load anything; who answers has an id that follows from the name. */
#include "unit.h"

#include "serve/brand.h"

#include <stdlib.h>
#include <string.h>

#define SVG(inside) "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 8 8\">" inside "</svg>"

static const char *svg_problem(const char *svg)
{
	return brand_logo_problem("image/svg+xml", text_of(svg));
}

static void pictures_that_stand_alone_are_taken(void **state)
{
	(void)state;
	static const char *const good[] = {
		SVG("<path d=\"M0 0h8v8z\" fill=\"#0b5347\"/>"),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- drawn by hand -->" SVG("<title>Quays &amp; Co</title>"),
		SVG("<linearGradient id=\"g\"/><path fill=\"url(#g)\"/><path style=\"fill: url( '#g' )\"/><use href=\"#g\"/><use xlink:href=\" #g\"/>"),
		SVG("<style>path { fill: url(#g) } @media (prefers-color-scheme: dark) { path { fill: #fff } }</style>"),
		SVG("<style><![CDATA[path { fill: url(\"#g\") }]]></style>"),
		SVG("<metadata><x:tool xmlns:x=\"urn:editor\" x:version=\"1\"/></metadata>"),
		SVG("<text>script onclick=1 url(https://evil.example/) is only text here</text>"),
		SVG("<animate attributeName=\"opacity\" values=\"0;1\"/>"),
		"<s:svg xmlns:s=\"http://www.w3.org/2000/svg\"/>",
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (svg_problem(good[i]))
			fail_msg("%s\n%s", good[i], svg_problem(good[i]));
}

static void pictures_that_could_run_or_load_something_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *svg, *says;
	} bad[] = {
		{"", "well-formed"}, {"<svg", "well-formed"}, {SVG("<g>"), "well-formed"}, {SVG("") "<script/>", "well-formed"}, {SVG("\xff"), "well-formed"},
		{"\xfe\xff\0<\0s", "well-formed"}, {"GIF89a", "well-formed"}, {SVG("&evil;"), "well-formed"},
		{"<svg/>", "root is not svg"}, {"<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", "root is not svg"}, {"<g xmlns=\"http://www.w3.org/2000/svg\"/>", "root is not svg"},
		{"<!DOCTYPE svg>" SVG(""), "DOCTYPE"}, {"<!DOCTYPE svg [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" SVG("&b;"), "DOCTYPE"},
		{"<!DOCTYPE svg SYSTEM \"file:///etc/passwd\">" SVG(""), "DOCTYPE"},
		{"<?xml-stylesheet href=\"https://evil.example/x.css\"?>" SVG(""), "processing"}, {SVG("<?php x?>"), "processing"},
		{SVG("<script>alert(1)</script>"), "element"}, {SVG("<g><SCRIPT/></g>"), "element"}, {SVG("<h:script xmlns:h=\"http://www.w3.org/1999/xhtml\"/>"), "element"},
		{SVG("<x:script xmlns:x=\"urn:x\"/>"), "element"}, {SVG("<foreignObject/>"), "element"}, {SVG("<foreignobject/>"), "element"}, {SVG("<handler/>"), "element"},
		{SVG("<h:img xmlns:h=\"http://www.w3.org/1999/xhtml\"/>"), "element"}, {SVG("<iframe/>"), "element"},
		{"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>", "on…"}, {SVG("<path ONCLICK=\"x\"/>"), "on…"}, {SVG("<path onbegin=\"x\"/>"), "on…"},
		{SVG("<image href=\"https://evil.example/x.png\"/>"), "href"}, {SVG("<use xlink:href=\"other.svg#a\"/>"), "href"}, {SVG("<image href=\"data:image/png;base64,AAAA\"/>"), "href"},
		{SVG("<a href=\"javascript:alert(1)\"><path/></a>"), "href"}, {SVG("<a href=\"&#106;avascript:alert(1)\"/>"), "href"}, {SVG("<use href=\"\"/>"), "href"},
		{SVG("<image src=\"//evil.example/x\"/>"), "href"}, {SVG("<g xml:base=\"https://evil.example/\"/>"), "base"},
		{SVG("<path fill=\"url(https://evil.example/#a)\"/>"), "url("}, {SVG("<path style=\"fill:URL( 'https://evil.example/#a')\"/>"), "url("},
		{SVG("<path fill=\"url(#a)\" filter=\"url(x.svg#a)\"/>"), "url("}, {SVG("<path mask=\"&#117;rl(x)\"/>"), "url("}, {SVG("<path fill=\"url(\"/>"), "url("},
		{SVG("<style>path { fill: url(https://evil.example/) }</style>"), "url("}, {SVG("<style>a{}<![CDATA[b{fill:u]]><![CDATA[rl(x)}]]></style>"), "url("},
		{SVG("<style>@import \"https://evil.example/x.css\";</style>"), "loads"}, {SVG("<style>@IMPORT 'x'</style>"), "loads"},
		{SVG("<style>g { background: -webkit-image-set(\"x.png\" 1x) }</style>"), "loads"}, {SVG("<path style=\"fill: src('x')\"/>"), "loads"},
		{SVG("<style>g { fill: u\\72l(https://evil.example/) }</style>"), "escape"}, {SVG("<path style=\"fill:u\\72l(x)\"/>"), "escape"},
		{SVG("<set attributeName=\"href\" to=\"javascript:alert(1)\"/>"), "animation"}, {SVG("<animate attributeName=\"xlink:href\"/>"), "animation"}, {SVG("<set attributeName=\"onclick\"/>"), "animation"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *problem = svg_problem(bad[i].svg);
		if (!problem || !strstr(problem, bad[i].says))
			fail_msg("%s\nis answered: %s, and not: %s", bad[i].svg, problem ? problem : "nothing", bad[i].says);
	}
}

static void a_png_has_its_signature_and_a_bounded_size(void **state)
{
	(void)state;
	static const char good[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\x08\0\x08\x06\0\0\0";
	char bytes[sizeof good];
	assert_null(brand_logo_problem("image/png", (struct text){good, sizeof good - 1}));
	for (size_t i = 0; i < 24; i++) { /* Each byte of signature and head counts; 0xff in a side is too large. */
		memcpy(bytes, good, sizeof good);
		bytes[i] = (char)(i < 16 ? bytes[i] ^ 1 : 0xff);
		const char *problem = brand_logo_problem("image/png", (struct text){bytes, sizeof good - 1});
		if (i == 19 || i == 23) /* 255, and 2048 + 255. */
			assert_true(i == 19 ? problem == NULL : problem != NULL);
		else
			assert_non_null(problem);
	}
	for (size_t n = 0; n < 24; n++)
		assert_non_null(brand_logo_problem("image/png", (struct text){good, n}));
	memcpy(bytes, good, sizeof good);
	bytes[19] = 0; /* No width at all. */
	assert_non_null(strstr(brand_logo_problem("image/png", (struct text){bytes, sizeof good - 1}), "pixels"));
	assert_non_null(svg_problem(good));
}

static void a_logo_ends_at_its_bound(void **state)
{
	(void)state;
	const char before[] = "<svg xmlns=\"http://www.w3.org/2000/svg\">", after[] = "</svg>";
	char *bytes = malloc(BRAND_LOGO_BYTES_MAX + 1);
	assert_non_null(bytes);
	for (size_t more = 0; more < 2; more++) {
		size_t n = BRAND_LOGO_BYTES_MAX + more;
		memset(bytes, ' ', n);
		memcpy(bytes, before, sizeof before - 1);
		memcpy(bytes + n - (sizeof after - 1), after, sizeof after - 1);
		const char *problem = brand_logo_problem("image/svg+xml", (struct text){bytes, n});
		assert_true(more ? problem && strstr(problem, "32 KiB") : !problem);
	}
	free(bytes);
}

static void the_id_of_a_controller_follows_from_the_name(void **state)
{
	(void)state;
	const struct controller one = {.name = TEXT("Harbour Bank, a.s."), .contact = TEXT("a")}, same = {.name = TEXT("Harbour Bank, a.s."), .contact = TEXT("b")};
	const struct controller other = {.name = TEXT("Harbour Bank"), .contact = TEXT("a")};
	char ids[3][CONTROLLER_ID_BYTES];
	struct text first = controller_id(&one, ids[0]);
	assert_true(text_starts(first, TEXT("urn:attune:controller:")));
	assert_int_equal(first.n, sizeof "urn:attune:controller:" - 1 + 32);
	assert_true(text_equal(first, controller_id(&same, ids[1])));
	assert_false(text_equal(first, controller_id(&other, ids[2])));
}

static void an_address_leads_to_this_server_or_over_the_web_and_nowhere_else(void **state)
{
	(void)state;
	static const char *const always[] = {"https://a.example", "/", "/privacy", "https://a.example/?a=1&b=%20"}, *const plain[] = {"http://a.example/"};
	static const char *const never[] = {"", "https://", "http://", "https:///x", "//a.example", "javascript:alert(1)", "data:text/html,x", "a.example", "ftp://a.example",
	                                    "https://a.example/\"", "/a b", "/\\a.example", "https://a.example/\xc3\xa9", "HTTPS://a.example", "mailto:a@a.example"};
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		assert_true(brand_is_address(text_of(always[i]), false) && brand_is_address(text_of(always[i]), true));
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		assert_true(!brand_is_address(text_of(plain[i]), false) && brand_is_address(text_of(plain[i]), true));
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		assert_false(brand_is_address(text_of(never[i]), false) || brand_is_address(text_of(never[i]), true));
	char *text = malloc(BRAND_ADDRESS_BYTES_MAX + 1);
	assert_non_null(text);
	memset(text, '/', 1);
	memset(text + 1, 'a', BRAND_ADDRESS_BYTES_MAX);
	assert_true(brand_is_address((struct text){text, BRAND_ADDRESS_BYTES_MAX}, false));
	assert_false(brand_is_address((struct text){text, BRAND_ADDRESS_BYTES_MAX + 1}, false));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_that_stand_alone_are_taken),
		cmocka_unit_test(pictures_that_could_run_or_load_something_are_refused),
		cmocka_unit_test(a_png_has_its_signature_and_a_bounded_size),
		cmocka_unit_test(a_logo_ends_at_its_bound),
		cmocka_unit_test(the_id_of_a_controller_follows_from_the_name),
		cmocka_unit_test(an_address_leads_to_this_server_or_over_the_web_and_nowhere_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
