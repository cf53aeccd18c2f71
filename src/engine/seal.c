/* seal.c: authenticated encryption with a key an origin. */
#include "engine/seal.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

static uint8_t process[6];
static _Atomic uint64_t nonces;

static void process_make(void)
{
	randombytes_buf(process, sizeof process);
}

static void nonce_make(uint8_t nonce[SEAL_NONCE_BYTES])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, process_make);
	uint64_t number = atomic_fetch_add_explicit(&nonces, 1, memory_order_relaxed);
	memcpy(nonce, process, sizeof process);
	memcpy(nonce + sizeof process, &number, SEAL_NONCE_BYTES - sizeof process);
}

uint32_t seal_version(void)
{
	return crypto_aead_aes256gcm_is_available() ? SEAL_AES : SEAL_CHACHA;
}

int seal_close(struct keyring *keyring, uint32_t origin, struct text about, struct text plain, uint8_t *out)
{
	uint8_t key[KEYRING_KEY_BYTES];
	int error = keyring_key(keyring, origin, key);
	if (error)
		return error;
	nonce_make(out);
	(seal_version() == SEAL_AES ? crypto_aead_aes256gcm_encrypt : crypto_aead_chacha20poly1305_ietf_encrypt)(
		out + SEAL_NONCE_BYTES, NULL, (const uint8_t *)plain.p, plain.n, (const uint8_t *)about.p, about.n, NULL, out, key);
	sodium_memzero(key, sizeof key);
	return 0;
}

int seal_open(struct keyring *keyring, uint32_t origin, uint32_t version, struct text about, struct text sealed, uint8_t *plain)
{
	uint8_t key[KEYRING_KEY_BYTES];
	const uint8_t *nonce = (const uint8_t *)sealed.p;
	if (sealed.n < SEAL_BYTES || (version != SEAL_AES && version != SEAL_CHACHA))
		return ERROR_CORRUPT;
	if (version == SEAL_AES && !crypto_aead_aes256gcm_is_available())
		return ERROR_DENIED; /* This processor cannot. */
	int error = keyring_key(keyring, origin, key);
	if (error)
		return error;
	int wrong = (version == SEAL_AES ? crypto_aead_aes256gcm_decrypt : crypto_aead_chacha20poly1305_ietf_decrypt)(
		plain, NULL, NULL, nonce + SEAL_NONCE_BYTES, sealed.n - SEAL_NONCE_BYTES, (const uint8_t *)about.p, about.n, nonce, key);
	sodium_memzero(key, sizeof key);
	return wrong ? ERROR_CORRUPT : 0;
}
