/*
 * brand_logo.h: the logo of a brand: a small picture inside its document, for files do not travel with documents.
 *
 *   logo: "data:image/svg+xml;base64,PHN2ZyB4bWxucz0i…"    # or data:image/png;base64,…; may be folded over lines
 *
 * Checked when the document is, so that a picture that is served is one that was looked at: at most BRAND_LOGO_BYTES_MAX; a PNG has
 * its signature and at most BRAND_LOGO_SIDE_MAX pixels a side; an SVG is well-formed XML in UTF-8 with a root svg, without a document
 * type (so without entities), processing instructions, scripts, event handlers (on…), foreignObject, elements of HTML, and references
 * that leave it: href, src and url(…) may only be "#…", styles import nothing and hide nothing behind escapes. The browser is told to
 * run and load nothing all the same (portal_brand.c).
 */
#ifndef ATTUNE_SERVE_BRAND_LOGO_H
#define ATTUNE_SERVE_BRAND_LOGO_H

#include "engine/config_build.h"

enum { BRAND_LOGO_BYTES_MAX = 32 * 1024, BRAND_LOGO_SIDE_MAX = 2048, BRAND_LOGO_TAG_BYTES = 20 };

struct brand_logo {
	struct text bytes;                 /* The picture; empty: none. */
	const char *type;                  /* "image/png" */
	char tag[BRAND_LOGO_TAG_BYTES];    /* A hash of it, quoted: its ETag. */
};

/* Read the member "logo" of @document, which is there, into the config's arena. Errors: ERROR_INVALID (reported), ERROR_MEMORY. */
int brand_logo_read(struct config_build *build, struct config *config, const struct config_document *document, struct brand_logo *logo) MUST_CHECK;

/* What is wrong with a picture of @type, as a sentence for whoever wrote it; NULL when it may be served. Threads: pure. */
const char *brand_logo_problem(const char *type, struct text bytes);

#endif
