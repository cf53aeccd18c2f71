/* refusal.c: the newest reason, of fixed size. */
#include "base/refusal.h"

#include "base/damage.h"
#include "base/error.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* Protects what follows. */
static char newest[REFUSAL_BYTES];
static int newest_error;

int refuse(int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	pthread_mutex_lock(&lock);
	vsnprintf(newest, sizeof newest, format, args);
	newest_error = error;
	pthread_mutex_unlock(&lock);
	va_end(args);
	return error;
}

const char *refusal_sentence(int error, char out[2 * REFUSAL_BYTES])
{
	struct damage damage;
	if (damage_refusal(&damage)) {
		snprintf(out, 2 * (size_t)REFUSAL_BYTES, "%s at byte %" PRIu64 ": %s %s", damage.file, damage.offset, damage.what, damage.remedy);
		return out;
	}
	pthread_mutex_lock(&lock);
	bool fits = newest_error == error && *newest;
	if (fits)
		snprintf(out, 2 * (size_t)REFUSAL_BYTES, "%s", newest);
	pthread_mutex_unlock(&lock);
	if (!fits)
		snprintf(out, 2 * (size_t)REFUSAL_BYTES, "%s", error_sentence(error));
	return out;
}

void refusal_clear(void)
{
	pthread_mutex_lock(&lock);
	newest_error = 0;
	*newest = 0;
	pthread_mutex_unlock(&lock);
}
