/*
 * signer.h: the node's key for what it certifies: erasures, and copies of customers (Ed25519).
 *
 * FOLDER/certificate-key has the seed, made when missing and readable by nobody else. The open half is served to anybody, so that
 * whoever holds a certificate can check it without the server.
 */
#ifndef ATTUNE_SERVE_SIGNER_H
#define ATTUNE_SERVE_SIGNER_H

#include "base/text.h"

enum { SIGNER_KEY_BYTES = 32, SIGNER_SIGNATURE_BYTES = 64, SIGNER_ID_BYTES = 17, SIGNER_PEM_BYTES = 160 };

struct signer;

/* Read the key of the data folder @folder. Errors: ERROR_IO, ERROR_CORRUPT, ERROR_MEMORY. */
int signer_open(struct signer **out, const char *folder) MUST_CHECK;
void signer_close(struct signer *signer);

void signer_sign(const struct signer *signer, struct text text, uint8_t signature[SIGNER_SIGNATURE_BYTES]);

/* The open half in base64, and its id: the first 16 hex digits of its SHA-256. As long as the signer lives. */
struct text signer_key(const struct signer *signer);
struct text signer_id(const struct signer *signer);

/* The open half as OpenSSL reads it ("-----BEGIN PUBLIC KEY-----"). */
struct text signer_pem(const struct signer *signer, char out[SIGNER_PEM_BYTES]);

/* Did whoever has the open half @key (base64) sign @text? False also for what is no key. Threads: pure. */
bool signer_signed(struct text key, struct text text, const uint8_t signature[SIGNER_SIGNATURE_BYTES]);

#endif
