/* card.h: a customer's card, and the parts of it that other answers show as well. */
#ifndef ATTUNE_SERVE_CARD_H
#define ATTUNE_SERVE_CARD_H

#include "serve/server.h"

/*
 * The card of a customer who is locked and fresh, as an object. For @purpose: PURPOSE_SERVICE, or PURPOSE_OWN when it is for the
 * customer, who sees traits that serve other purposes as well.
 */
void card_write(struct request *request, struct json_writer *out, struct customer *customer, uint64_t purpose);

/* Members of an object that is open. */
void card_members_write(struct request *request, struct json_writer *out, struct customer *customer, uint64_t purpose); /* All of the card. */
void card_identifiers_write(struct request *request, struct json_writer *out, struct text state);
/* What the customer answered to @purpose and whether it holds. @state is that of consent_fold. */
struct purpose;
void card_consent_members_write(struct json_writer *out, const struct purpose *purpose, struct text state, int64_t now_ms);
void card_origins_write(struct request *request, struct json_writer *out, const struct customer *customer, struct text identifiers);

struct matter;
/* "Bill, City Water" into @out; as snprintf. */
int card_matter_say(const struct config *config, const struct matter *matter, char *out, size_t max);

/* The name behind a number of the dictionary. */
struct text card_name_of(struct request *request, uint32_t number);

#endif
