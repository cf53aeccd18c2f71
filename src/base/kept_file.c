/* kept_file.c: a checked file, the inventory and the list of damage together. */
#include "base/kept_file.h"

#include "base/checked_file.h"
#include "base/damage.h"
#include "base/inventory.h"
#include "base/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int kept_file_refuse(const struct kept_file *file, const char *is)
{
	char remedy[DAMAGE_TEXT_BYTES];
	snprintf(remedy, sizeof remedy, "Put it back from %s, or give it up with `attune init DIR --renew %s`, which says what that costs.", file->copy,
	         file->name);
	damage_found(file->name, 0, DAMAGE_REFUSED, remedy, "The file is %s: without it %s.", is, file->without);
	return ERROR_CORRUPT;
}

int kept_file_read(const char *folder, const struct kept_file *file, struct buffer *content)
{
	int error = checked_read(folder, file->name, content);
	if (error == ERROR_CORRUPT)
		return kept_file_refuse(file, "damaged");
	if (error == ERROR_NOT_FOUND)
		return inventory_has(folder, file->name) ? kept_file_refuse(file, "missing") : ERROR_NOT_FOUND;
	return error ? error : inventory_add(folder, file->name);
}

int kept_file_write(const char *folder, const struct kept_file *file, struct text content)
{
	int error = checked_write(folder, file->name, content);
	return error ? error : inventory_add(folder, file->name);
}

/* From the system's generator: base/ has no other. */
static int random_fill(uint8_t *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = getrandom(bytes + at, n - at, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return refuse(ERROR_IO, "The system gives no random numbers: %s.", strerror(errno));
		at += (size_t)got;
	}
	return 0;
}

int kept_file_secret(const char *folder, const struct kept_file *file, uint8_t *secret, size_t n)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	int error = kept_file_read(folder, file, &content);
	if (error == ERROR_NOT_FOUND) {
		error = random_fill(secret, n);
		if (!error)
			error = kept_file_write(folder, file, (struct text){(const char *)secret, n});
	} else if (!error && content.n != n) {
		error = kept_file_refuse(file, "not of this version");
	} else if (!error) {
		memcpy(secret, content.p, n);
	}
	if (content.p)
		explicit_bzero(content.p, content.n);
	buffer_free(&content);
	return error;
}
