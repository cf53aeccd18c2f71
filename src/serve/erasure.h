/*
 * erasure.h: erasing a customer, step by step, so that a crash between any two of them changes nothing about how it ends.
 *
 *   begun      the register has it, durably (trust/erasures.h): from here it will be finished, by the next start if need be
 *   forgotten  nobody finds the customer any more: decisions are those of a stranger
 *   destroyed  the keys are overwritten: what lies in the log, in old snapshots and in copies of them cannot be opened
 *   taken out  snapshots, identifiers, rows for whole-base questions, refused events
 *   searched   the texts that named the customer are looked for in all files of the data folder
 *   done       a signed certificate says what was done and found, and is kept
 *
 * What arrives later about the time before is not stored (ERASURE_DAYS); what happens later makes somebody new.
 */
#ifndef ATTUNE_SERVE_ERASURE_H
#define ATTUNE_SERVE_ERASURE_H

#include "serve/server.h"

/* Days for which copies of the keys may still be around: attune backup --sealing says so, and restore refuses older ones. */
enum { ERASURE_COPY_DAYS = 7 };

/*
 * Erase the customer of @origin because of @because (a few words). The certificate, one JSON object, is written to @out. @who: "customer", or who
 * of the company. Errors: ERROR_NOT_FOUND, ERROR_FULL, ERROR_IO, ERROR_MEMORY: once it was begun it is finished by calling again
 * or by the next start.
 */
int erasure_run(struct server *server, struct arena *arena, uint32_t origin, struct text who, struct text because, struct buffer *out) MUST_CHECK;

/*
 * What a request for erasing does, by whichever door it came: it is noted, the customer is erased, and that is noted. Errors: as
 * erasure_run, and those of noted_act, with which nothing was begun.
 */
int erasure_act(struct request *request, uint32_t origin, struct text because, struct buffer *certificate) MUST_CHECK;

/* Sign @statement: {"statement", "signature", "key", "signed_with"}. For certificates, and for receipts of consents. */
void erasure_sign(const struct signer *signer, struct text statement, struct buffer *out);

/* At a start, before anybody is served: finish what was begun, and erase again what came back with a backup. Errors: as erasure_run. */
int erasure_resume(struct server *server) MUST_CHECK;

#endif
