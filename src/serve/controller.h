/*
 * controller.h: who answers for the data: the controller of the GDPR (article 4(7)), as a document of kind brand names it.
 *
 *   controller:
 *     name: "Harbour Bank, a.s."              # the company, as in its register (articles 13(1)(a), 14(1)(a))
 *     contact: "privacy@harbour.example"      # where people write or call about their data
 *     address: "1 Quay, Harbour"              # where a letter reaches it
 *     officer: "Vera Holm, dpo@…"             # the data protection officer (article 37)
 *     url: "https://harbour.example/privacy"  # the notice: https, http or a path of this server
 *     jurisdiction: "CZ"                      # under whose law: ISO 3166-1, or -2 such as US-CA
 *
 * The name and the contact are needed, the others may be left out. These are the party fields of ISO/IEC TS 27560 (name, address,
 * contact, url), in DPV's words dpv:hasName, dpv:hasAddress, dpv:hasContact; its party id is urn:attune:controller: and a hash of the
 * name, so that records of one company name one party. What is said is what the configuration in force says: acts of the past do
 * not keep who answered then, but certificates and receipts keep it as it was when they were made.
 */
#ifndef ATTUNE_SERVE_CONTROLLER_H
#define ATTUNE_SERVE_CONTROLLER_H

#include "base/json.h"
#include "engine/config_build.h"

struct controller {
	struct text name, contact;                       /* Never empty. */
	struct text address, officer, url, jurisdiction; /* May be empty. */
};

extern const struct config_key controller_keys[];

/* Read the member "controller" of @document, which is there. Texts are those of the document. Errors: ERROR_INVALID, reported. */
int controller_read(struct config_build *build, const struct config_document *document, struct controller *controller) MUST_CHECK;

/* NULL when no brand says who answers. */
const struct controller *controller_of(const struct config *config);

/* The party id of a record of consent, terminated. */
enum { CONTROLLER_ID_BYTES = 64 };
struct text controller_id(const struct controller *controller, char out[CONTROLLER_ID_BYTES]);

/* Into an open object: the members that are there, by their names in the document. */
void controller_members_write(struct json_writer *out, const struct controller *controller);
/* The member "controller" of an open object: an object, or null for NULL. */
void controller_put(struct json_writer *out, const struct controller *controller);

#endif
