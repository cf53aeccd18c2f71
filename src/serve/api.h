/* api.h: the handlers of the routes, by the file they are in. What each does stands beside its route in routes.c. */
#ifndef ATTUNE_SERVE_API_H
#define ATTUNE_SERVE_API_H

#include "serve/server.h"

/* decide_api.c */
void api_decide(struct request *request);
void api_decision(struct request *request);
void api_undo(struct request *request);
void api_preferences(struct request *request);

/* consents_api.c */
void api_consents(struct request *request);
void api_consents_post(struct request *request);
void api_restrict(struct request *request);
void api_gpc(struct request *request);

/* consents_list.c */
void api_consents_all(struct request *request);

/* response_api.c */
void api_response(struct request *request);

/* erasure.c */
void api_erase(struct request *request);
void api_erasures(struct request *request);
void api_erasure(struct request *request);
void api_certificate_key(struct request *request);

/* export.c */
void api_export(struct request *request);

/* timeline.c */
void api_timeline(struct request *request);
void api_decisions(struct request *request);

/* customer_api.c */
void api_card(struct request *request);
void api_known(struct request *request);
void api_identity(struct request *request);
void api_merge(struct request *request);
void api_split(struct request *request);
/* The card of the customer of @origin; 0: the error stands already. @undo: how what was just done is taken back; 0: nothing was. */
void customer_card(struct request *request, uint32_t origin, uint64_t undo);
/* A line about a customer who is locked and fresh, as lists have it. */
void customer_row_write(struct request *request, struct customer *customer);
/* The name a customer goes by, copied to @copy. */
struct text customer_name(struct request *request, uint32_t origin, char *copy, size_t max);

/* customer_import.c */
void api_customer_import(struct request *request);
void api_digest(struct request *request);
struct digest;
/* The digest of the customer of @origin, also in hex (65 bytes). Errors: those of customer_digest. */
int digest_of(struct server *server, uint32_t origin, struct digest *digest, char hex[65]) MUST_CHECK;

/* customer_list.c */
void api_customers(struct request *request);

/* manager_api.c */
void api_overview(struct request *request);

/* journeys_api.c */
void api_journeys(struct request *request);

/* journeys_customers.c */
void api_journeys_customers(struct request *request);

/* standing_api.c */
void api_scorecard(struct request *request);
void api_score_item(struct request *request);
void api_quadrant(struct request *request);
void api_participation(struct request *request);

/* broken_api.c */
void api_broken(struct request *request);
void api_broken_spot(struct request *request);

/* relationship_api.c */
void api_relationship(struct request *request);
/* voice_words.c */
void api_voice_words(struct request *request);
/* stars_api.c */
void api_worth_stars(struct request *request);
/* participation_api.c */
void api_customer_participation(struct request *request);

/* roadmap_api.c */
void api_roadmap(struct request *request);

/* inventory_api.c */
void api_inventory(struct request *request);
/* shop_api.c */
void api_categories(struct request *request);
void api_products(struct request *request);

/* preview_api.c */
void api_preview(struct request *request);

/* layers_api.c */
void api_layers(struct request *request);
void api_layers_ripple(struct request *request);
void api_layers_trace(struct request *request);
void api_layers_walk(struct request *request);

/* voice_api.c */
void api_voice(struct request *request);

/* voice_customers.c */
void api_voice_customers(struct request *request);

/* preference_api.c */
void api_preference(struct request *request);

/* ideas.c */
void api_ideas(struct request *request);
void api_ideas_post(struct request *request);
void api_idea_act(struct request *request);
/* worth_api.c */
void api_worth(struct request *request);
void api_worth_customers(struct request *request);

/* segments_api.c */
void api_segments(struct request *request);
void api_segment(struct request *request);

/* value_api.c */
void api_value(struct request *request);

/* operations_api.c */
void api_health(struct request *request);
void api_ready(struct request *request);
void api_damage(struct request *request);
void api_metrics(struct request *request);
void api_openapi(struct request *request);
void api_dead_letters(struct request *request);
void api_stream(struct request *request);
void api_keys(struct request *request);
void api_keys_post(struct request *request);
void api_key_delete(struct request *request);
void api_tokens_revoke(struct request *request);
void api_token_delete(struct request *request);
void api_snapshot(struct request *request);

/* audit_api.c */
void api_audit(struct request *request);
void api_audit_verify(struct request *request);

/* rights_api.c */
void api_requests(struct request *request);
void api_requests_post(struct request *request);
void api_request_act(struct request *request);

/* decisions_verify.c */
void api_decisions_verify(struct request *request);

/* retention_api.c */
void api_retention(struct request *request);
void api_retention_run(struct request *request);

/* trust_api.c */
void api_trust(struct request *request);

/* correct.c */
void api_correct(struct request *request);

/* configuration_api.c */
void api_configuration(struct request *request);
void api_configuration_post(struct request *request);
void api_document_put(struct request *request);
void api_document_delete(struct request *request);

/* sign_in.c */
void sign_in_page(struct request *request);
void sign_in_form(struct request *request);
void console_enter(struct request *request);
void api_session(struct request *request);
void api_session_delete(struct request *request);
void api_session_password(struct request *request);

/* staff_api.c */
void api_staff(struct request *request);
void api_staff_act(struct request *request);

/* pages.c */
void page_asset(struct request *request);
void page_harbour(struct request *request);
void harbour_people(struct request *request);
void harbour_session(struct request *request);
void harbour_queue(struct request *request);

void page_headers(struct request *request);       /* The strict Content-Security-Policy and its companions. */
const char *asset_path(const char *name);         /* Of a file whose path carries a hash; "" without. */
struct text form_field(struct request *request, const char *name); /* Of a form's body, decoded; empty without. */
bool form_has(struct request *request, const char *name);
void cookie_set(struct request *request, const char *name, struct text value, const char *path);
void cookie_set_for(struct request *request, const char *name, struct text value, const char *path, int seconds);
void cookie_clear(struct request *request, const char *name, const char *path);
void page_redirect(struct request *request, const char *where);   /* 303; @where static or in the request's arena. */
bool harbour_is_on(const struct request *request);
/* A token for one of the demo's people; false when there is no such person. */
bool harbour_token(struct request *request, struct text person, struct text *token);

/* portal.c */
void portal_page(struct request *request);
void portal_ideas(struct request *request);
void portal_question(struct request *request);
void portal_enter(struct request *request);
void portal_enter_form(struct request *request);
void portal_form(struct request *request);
void portal_export(struct request *request);
void portal_brand(struct request *request);                        /* portal_brand.c */
void portal_logo(struct request *request);
void portal_why(struct request *request);                          /* portal_why.c */
void portal_receipts(struct request *request);                     /* portal_receipts.c */
void portal_erase(struct request *request);                        /* portal_erase.c */
void portal_refuse(struct request *request, int status, const char *code); /* Says an error of these as a page. */

/* docs/api.md from the table of routes. */
void routes_describe(struct buffer *out);

#endif
