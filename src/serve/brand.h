/*
 * brand.h: how the customer's own page shows whose it is.
 *
 *   kind: brand
 *   name: harbour
 *   title: Harbour Bank
 *   home: https://harbour.example/            # or a path of this server: /harbour
 *   accent: {light: "#0f6b5c", dark: "#4fb8a5"}
 *   font: sans                                # hyperlegible | system | sans | serif
 *   contact: "Ask us: 0800 123 456, or in any branch."
 *   logo: "data:image/svg+xml;base64,…"       # brand_logo.h
 *   controller: {name: "Harbour Bank, a.s.", contact: "privacy@harbour.example"}   # controller.h
 *
 * One document at most; without it the page looks as it always did. Nothing of it runs or is fetched from elsewhere: the letters
 * are those of the reader's own machine or ours, the colours are checked when the document is: what can be pressed keeps at least
 * BRAND_CONTRAST_MIN to every ground it stands on, and whoever asked for high contrast gets black on white all the same.
 */
#ifndef ATTUNE_SERVE_BRAND_H
#define ATTUNE_SERVE_BRAND_H

#include "serve/brand_logo.h"
#include "serve/controller.h"

#define BRAND_CONTRAST_MIN 4.5 /* WCAG 2.2, 1.4.3. */

enum { BRAND_ADDRESS_BYTES_MAX = 300 };

struct brand {
	struct text title, home, contact; /* home and contact may be empty. */
	struct text style;                /* CSS; empty: colours and letters stay. */
	struct brand_logo logo;
	struct controller controller;     /* Without a name: nobody is named. */
};

extern const struct config_kind brand_kind;

const struct brand *brand_of(const struct config *config); /* NULL without. */

/* A path of this server or an address that a browser only opens: over TLS, or with @plain also without. */
bool brand_is_address(struct text address, bool plain);

/* A colour by its parts. */
struct brand_colour {
	uint8_t red, green, blue;
};
/* The contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio" and "relative luminance"). */
double brand_contrast(struct brand_colour a, struct brand_colour b);

#endif
