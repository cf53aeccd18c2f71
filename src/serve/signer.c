/* signer.c: Ed25519, by libsodium. */
#include "serve/signer.h"

#include "base/secret.h"
#include "base/kept_file.h"
#include "base/memory.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { OPEN_TEXT_BYTES = sodium_base64_ENCODED_LEN(SIGNER_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL) };

struct signer {
	uint8_t secret[crypto_sign_SECRETKEYBYTES], open[crypto_sign_PUBLICKEYBYTES];
	char key[OPEN_TEXT_BYTES], id[SIGNER_ID_BYTES];
};

int signer_open(struct signer **out, const char *folder)
{
	uint8_t seed[crypto_sign_SEEDBYTES], hash[crypto_hash_sha256_BYTES];
	struct signer *signer = secret_alloc(sizeof *signer);
	if (!signer)
		return ERROR_MEMORY;
	static const struct kept_file file = {"certificate-key", "certificates of erasures cannot be signed", "a backup"};
	int error = kept_file_secret(folder, &file, seed, sizeof seed);
	if (error) {
		secret_free(signer, sizeof *signer);
		return error;
	}
	crypto_sign_seed_keypair(signer->open, signer->secret, seed);
	sodium_memzero(seed, sizeof seed);
	sodium_bin2base64(signer->key, sizeof signer->key, signer->open, sizeof signer->open, sodium_base64_VARIANT_ORIGINAL);
	crypto_hash_sha256(hash, signer->open, sizeof signer->open);
	sodium_bin2hex(signer->id, sizeof signer->id, hash, SIGNER_ID_BYTES / 2);
	*out = signer;
	return 0;
}

void signer_close(struct signer *signer)
{
	secret_free(signer, sizeof *signer);
}

void signer_sign(const struct signer *signer, struct text text, uint8_t signature[SIGNER_SIGNATURE_BYTES])
{
	crypto_sign_detached(signature, NULL, (const uint8_t *)text.p, text.n, signer->secret);
}

struct text signer_key(const struct signer *signer)
{
	return text_of(signer->key);
}

struct text signer_id(const struct signer *signer)
{
	return text_of(signer->id);
}

struct text signer_pem(const struct signer *signer, char out[SIGNER_PEM_BYTES])
{
	/* SubjectPublicKeyInfo of RFC 8410: this, and the key. */
	static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	uint8_t der[sizeof head + sizeof signer->open];
	char text[sodium_base64_ENCODED_LEN(sizeof der, sodium_base64_VARIANT_ORIGINAL)];
	memcpy(der, head, sizeof head);
	memcpy(der + sizeof head, signer->open, sizeof signer->open);
	sodium_bin2base64(text, sizeof text, der, sizeof der, sodium_base64_VARIANT_ORIGINAL);
	int n = snprintf(out, SIGNER_PEM_BYTES, "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n", text);
	return (struct text){out, (size_t)n};
}

bool signer_signed(struct text key, struct text text, const uint8_t signature[SIGNER_SIGNATURE_BYTES])
{
	uint8_t open[SIGNER_KEY_BYTES];
	size_t n;
	return sodium_base642bin(open, sizeof open, key.p, key.n, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && n == sizeof open &&
	       crypto_sign_verify_detached(signature, (const uint8_t *)text.p, text.n, open) == 0;
}
