/* portal_brand.c: whose page it is: the company's name and logo at the top, its colours and its picture as files. */
#include "serve/portal.h"

#include "serve/brand.h"

#include <stdio.h>

#define LOGO_POLICY "default-src 'none'; style-src 'unsafe-inline'; sandbox"
#define LOGO_PATH "/me/brand/logo"

void portal_brand(struct request *request)
{
	const struct brand *brand = brand_of(engine_config(request->server->engine));
	if (!brand || !brand->style.n)
		return reply_error(request, 404, "no_route", "There is nothing at this path: no brand with colours or letters is configured.");
	buffer_reset(&request->http->out);
	buffer_text(&request->http->out, brand->style);
	request->http->type = "text/css; charset=utf-8";
	page_headers(request);
	http_reply_header(request->http, "Cache-Control", "no-cache");
}

/* Opened by itself a picture could do what a page can, were it not for the policy: nothing runs, nothing is loaded. */
void portal_logo(struct request *request)
{
	const struct brand *brand = brand_of(engine_config(request->server->engine));
	if (!brand || !brand->logo.bytes.n)
		return reply_error(request, 404, "no_route", "There is nothing at this path: no brand with a logo is configured.");
	char *tag = text_terminated(request->arena, text_of(brand->logo.tag));
	if (!tag)
		return reply_failure(request, ERROR_MEMORY);
	buffer_reset(&request->http->out);
	http_reply_header(request->http, "Content-Security-Policy", LOGO_POLICY);
	http_reply_header(request->http, "Cross-Origin-Resource-Policy", "same-origin");
	http_reply_header(request->http, "Cache-Control", "public, max-age=300");
	http_reply_header(request->http, "ETag", tag);
	request->http->type = brand->logo.type;
	if (text_find(http_header_of(request->http, "If-None-Match"), text_of(tag), NULL))
		request->http->status = 304;
	else
		buffer_text(&request->http->out, brand->logo.bytes);
}

/* The address changes with the picture, so that nobody looks at yesterday's. */
static void logo_write(struct html *html, const struct brand *brand)
{
	char address[sizeof LOGO_PATH "?v=" + BRAND_LOGO_TAG_BYTES];
	snprintf(address, sizeof address, LOGO_PATH "?v=%.8s", brand->logo.tag + 1);
	html_open(html, "img", "class", "logo", "src", address, NULL);
	html_attribute(html, "alt", TEXT("")); /* The name stands beside it: said once is enough. */
}

void portal_brand_write(struct portal *portal)
{
	struct html *html = &portal->html;
	const struct brand *brand = brand_of(engine_config(portal->request->server->engine));
	if (!brand)
		return;
	if (brand->logo.bytes.n)
		logo_write(html, brand);
	html_open(html, brand->home.n ? "a" : "span", "class", "brand", NULL);
	if (brand->home.n)
		html_attribute(html, "href", brand->home);
	html_text(html, brand->title);
	html_close(html, brand->home.n ? "a" : "span");
	html_string(html, " ");
}
