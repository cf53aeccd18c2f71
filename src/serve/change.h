/*
 * change.h: what a customer changes: preferences, consents, menus, and taking a change back.
 *
 * The JSON interface and the portal's forms end here, so that a change means the same wherever it is made. Each function
 * appends records for the customer of an origin and notes in the request what to wait for before answering.
 */
#ifndef ATTUNE_SERVE_CHANGE_H
#define ATTUNE_SERVE_CHANGE_H

#include "customize/layout.h"
#include "serve/segments_left.h"
#include "serve/server.h"
#include "trust/consent.h"

/* One operation on a menu. *@position names it for undo. Errors: ERROR_MEMORY, those of request_append. */
int layout_append(struct request *request, uint32_t origin, const struct surface *surface, const struct menu_op *op,
                  enum channel channel, uint64_t *position) MUST_CHECK;

/*
 * What a call or an event says of an act: purpose, text, version, notice (an id, or {"id", "version"}), control (a name, or
 * {"id", "preset"}), method, language, jurisdiction, evidence, valid_until. The rest is the
 * caller's. A time that is none becomes -1, which is not acceptable.
 */
void consent_members_read(struct arena *arena, struct json members, struct consent_act *act);

/*
 * A yes or a no. @left is what the customer is no longer a member of by it, and told to whoever watches.
 * Errors: those of consent_encode and request_append.
 */
int consent_append(struct request *request, uint32_t origin, const struct consent_act *act, enum channel channel,
                   uint64_t *position, struct segments_left *left) MUST_CHECK;

/*
 * Restrict all use of the data to the running of the service, or lift that. *@position is 0 when it was so already.
 * Errors: ERROR_NOT_FOUND, ERROR_LIMIT, those of engine_append.
 */
int restrict_append(struct request *request, uint32_t origin, bool restricted, struct text because, enum channel channel,
                    uint64_t *position, struct segments_left *left) MUST_CHECK;

/*
 * Set preferences from an object such as {"cash.receipt": "no", "menu.app-home.order": ["cards"]}; null takes one back.
 * Menu changes become layout records, one each; the rest is gathered into one preference record. *@undo is the last one.
 * Errors: ERROR_INVALID (a name, a code or a menu's change that is none), ERROR_LIMIT, those of request_append.
 */
int preferences_apply(struct request *request, uint32_t origin, struct json set, enum channel channel, uint64_t *undo) MUST_CHECK;

/*
 * Encode the value of the preference @name. What holds a code (base/code.h: a language, a time zone) is checked and stored in its usual
 * form; null is always accepted. Errors: ERROR_INVALID (no such code), those of value_put_json.
 */
int preference_value_put(struct buffer *out, struct text name, struct json value) MUST_CHECK;

/* Why the preference @name, which begins with "product.", cannot be set to @value; NULL when it can, and for all other names. */
const char *product_setting_refusal(struct request *request, struct text name, struct json value);

/*
 * Make the customer's own record at @position as if it had never been, whatever it is: undo.h says what may be undone.
 * Errors: ERROR_NOT_FOUND (no record, or another customer's), those of request_append.
 */
int undo_append(struct request *request, uint32_t origin, uint64_t position) MUST_CHECK;

/* @surface's menu of the customer of @origin as it stands; the company's own without a customer. */
void menu_read(struct request *request, uint32_t origin, const struct surface *surface, struct layout *layout);

#endif
