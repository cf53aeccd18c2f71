/*
 * purpose.h: what data may be used for.
 *
 * A purpose is a document of the configuration (kind purpose): its name, the title and the text a customer is shown,
 * and the version of that text. Each has a bit, which is its own for ever, for it stands in records. Bit 0 is the running
 * of the service, which needs no consent and reads nothing that was learned. The well-known purposes have bits of their
 * own; others get the next free one when they are first configured (config_lasting_number), and keep it when they are
 * removed. There are 63 in all; one more is a problem of the configuration.
 */
#ifndef ATTUNE_TRUST_PURPOSE_H
#define ATTUNE_TRUST_PURPOSE_H

#include "engine/config_build.h"

enum { PURPOSE_SERVICE = 1 };  /* The mask of bit 0. */

struct purpose {
	struct text name, title, text, version;
	uint64_t mask;         /* One bit. */
};

struct purposes {
	const struct purpose *items;
	size_t n;
};

extern const struct config_kind purpose_kind;

const struct purposes *purposes_of(const struct config *config); /* Never NULL. */
const struct purpose *purpose_find(const struct config *config, struct text name);      /* NULL without. */
const struct purpose *purpose_of_mask(const struct config *config, uint64_t mask);

#endif
