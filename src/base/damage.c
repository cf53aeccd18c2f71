/* damage.c: the list of damaged pieces, of fixed size. */
#include "base/damage.h"

#include "base/report.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* Protects what follows. */
static struct damage pieces[DAMAGE_MAX];
static size_t pieces_n, beyond_n;

const char *damage_effect_name(enum damage_effect effect)
{
	static const char *const names[] = {"rebuilt", "lost", "refused"};
	return names[effect];
}

/* The piece that is there already, or NULL. Lock held. */
static struct damage *piece_find(const char *file, uint64_t offset)
{
	for (size_t i = 0; i < pieces_n; i++)
		if (pieces[i].offset == offset && strncmp(pieces[i].file, file, sizeof pieces[i].file - 1) == 0)
			return &pieces[i];
	return NULL;
}

void damage_found(const char *file, uint64_t offset, enum damage_effect effect, const char *remedy, const char *format, ...)
{
	struct damage piece = {.offset = offset, .effect = effect, .times = 1};
	va_list args;
	va_start(args, format);
	vsnprintf(piece.what, sizeof piece.what, format, args);
	va_end(args);
	snprintf(piece.file, sizeof piece.file, "%s", file);
	snprintf(piece.remedy, sizeof piece.remedy, "%s", remedy);
	pthread_mutex_lock(&lock);
	struct damage *known = piece_find(file, offset);
	if (known) {
		known->times++;
		known->effect = effect > known->effect ? effect : known->effect;
	} else if (pieces_n < DAMAGE_MAX) {
		pieces[pieces_n++] = piece;
	} else {
		beyond_n++;
	}
	pthread_mutex_unlock(&lock);
	if (!known)
		report(effect == DAMAGE_REBUILT ? REPORT_WARNING : REPORT_ERROR, "damage", "%s at byte %" PRIu64 ": %s %s", piece.file, offset,
		       piece.what, piece.remedy);
}

size_t damage_list(struct damage *out, size_t max)
{
	pthread_mutex_lock(&lock);
	size_t n = pieces_n < max ? pieces_n : max;
	memcpy(out, pieces, n * sizeof *out);
	pthread_mutex_unlock(&lock);
	return n;
}

size_t damage_count(void)
{
	pthread_mutex_lock(&lock);
	size_t n = pieces_n + beyond_n;
	pthread_mutex_unlock(&lock);
	return n;
}

bool damage_refusal(struct damage *out)
{
	bool found = false;
	pthread_mutex_lock(&lock);
	for (size_t i = pieces_n; i > 0 && !found; i--)
		if (pieces[i - 1].effect == DAMAGE_REFUSED) {
			*out = pieces[i - 1];
			found = true;
		}
	pthread_mutex_unlock(&lock);
	return found;
}

size_t damage_accept(const char *prefix, const char *remedy)
{
	size_t n = 0;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < pieces_n; i++) {
		if (pieces[i].effect != DAMAGE_REFUSED || strncmp(pieces[i].file, prefix, strlen(prefix)) != 0)
			continue;
		pieces[i].effect = DAMAGE_LOST;
		snprintf(pieces[i].remedy, sizeof pieces[i].remedy, "%s", remedy);
		n++;
	}
	pthread_mutex_unlock(&lock);
	return n;
}

void damage_clear(void)
{
	pthread_mutex_lock(&lock);
	pieces_n = beyond_n = 0;
	pthread_mutex_unlock(&lock);
}
