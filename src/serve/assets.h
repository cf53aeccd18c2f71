/* assets.h: the pages inside the binary, as script/embed-pages writes them. */
#ifndef ATTUNE_SERVE_ASSETS_H
#define ATTUNE_SERVE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct asset {
	const char *path, *name, *type; /* name: the plain name of a file whose path carries a hash; NULL without. */
	const char *start, *end;        /* As it is. */
	const char *gzip_start, *gzip_end; /* Compressed; equal when not worth it. */
	bool immutable;
};

extern const struct asset assets[];
extern const size_t assets_n;

#endif
