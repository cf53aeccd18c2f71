/* collect.h: Segment's collection protocol: track, page, screen, identify, group, alias, batch, import. */
#ifndef ATTUNE_SERVE_COLLECT_H
#define ATTUNE_SERVE_COLLECT_H

#include "serve/server.h"

enum { COLLECT_BATCH_BYTES_MAX = 500 * 1000, COLLECT_BATCH_EVENTS_MAX = 2500 };

void collect_track(struct request *request);
void collect_page(struct request *request);
void collect_screen(struct request *request);
void collect_identify(struct request *request);
void collect_group(struct request *request);
void collect_alias(struct request *request);
void collect_batch(struct request *request);
void collect_import(struct request *request);  /* Historical events, with a secret key: no clock correction, nothing acts on them. */
/* Is a call refused before its body is read, as its address has sent too much? Then the answer is made. */
bool collect_is_unwanted(struct request *request);

/* Free what a call holds that has not ended: its request is over. NULL does nothing. */
struct collect;
void collect_drop(struct collect *collect);

void collect_metrics(struct request *request); /* The SDK's own measurements: taken and dropped. */
void collect_settings(struct request *request); /* GET /v1/projects/{key}/settings */

#endif
