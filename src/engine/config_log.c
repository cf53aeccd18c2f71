/* config_log.c: versions of the configuration as entries: {"version", "file", "text"} and {"version", "files", "who", "time"}. */
#include "engine/config_log.h"

#include "base/clock.h"
#include "log/log.h"

#include <pthread.h>
#include <string.h>

enum { SEGMENT_BYTES = 4 * 1024 * 1024, FILES_MAX = 1000, SYNC_TIMEOUT_MS = 30000 };

struct config_log {
	struct log *log;
	pthread_mutex_t lock;
};

int config_log_open(struct config_log **out, const char *folder)
{
	struct config_log *config_log = memory_zero_alloc(1, sizeof *config_log);
	if (!config_log)
		return ERROR_MEMORY;
	struct log_options options = {.folder = folder, .segment_bytes = SEGMENT_BYTES};
	int error = log_open(&config_log->log, &options, 0);
	if (error) {
		memory_free(config_log);
		return error;
	}
	pthread_mutex_init(&config_log->lock, NULL);
	*out = config_log;
	return 0;
}

void config_log_close(struct config_log *config_log)
{
	if (!config_log)
		return;
	log_close(config_log->log);
	pthread_mutex_destroy(&config_log->lock);
	memory_free(config_log);
}

struct reading {
	struct arena *arena;
	struct config_file *gathering, *whole;
	size_t gathering_n, whole_n;
	uint32_t version;
};

static int entry_read(void *arg, uint64_t position, struct text entry)
{
	struct reading *reading = arg;
	int64_t version;
	(void)position;
	if (!value_check(entry))
		return ERROR_CORRUPT;
	struct value value = {(const uint8_t *)entry.p, entry.n};
	if (!value_int(value_get(value, TEXT("version")), &version))
		return ERROR_CORRUPT;
	if (value_type_of(value_get(value, TEXT("files"))) == VALUE_INT) {
		memcpy(reading->whole, reading->gathering, reading->gathering_n * sizeof *reading->whole);
		reading->whole_n = reading->gathering_n;
		reading->gathering_n = 0;
		reading->version = (uint32_t)version;
		return 0;
	}
	if (version != (int64_t)reading->version + 1)
		return 0; /* The rest of a version that was never closed. */
	if (reading->gathering_n == FILES_MAX)
		return ERROR_CORRUPT;
	struct config_file *file = &reading->gathering[reading->gathering_n++];
	file->name = text_copy(reading->arena, value_text(value_get(value, TEXT("file"))));
	file->text = text_copy(reading->arena, value_text(value_get(value, TEXT("text"))));
	return file->name.p && file->text.p ? 0 : ERROR_MEMORY;
}

int config_log_newest(struct config_log *config_log, struct arena *arena, uint32_t *version, struct config_file **files, size_t *n)
{
	struct reading reading = {.arena = arena};
	reading.gathering = arena_alloc(arena, FILES_MAX * sizeof *reading.gathering);
	reading.whole = arena_alloc(arena, FILES_MAX * sizeof *reading.whole);
	if (!reading.gathering || !reading.whole)
		return ERROR_MEMORY;
	int error = log_replay(config_log->log, 0, entry_read, &reading);
	if (error)
		return error;
	*version = reading.version;
	*files = reading.whole;
	*n = reading.whole_n;
	return 0;
}

static int entry_add(struct config_log *config_log, struct buffer *entry, uint64_t *position)
{
	struct text part = buffer_view(entry);
	return entry->failed ? ERROR_MEMORY : log_append(config_log->log, &part, 1, position);
}

static int version_add(struct config_log *config_log, const struct config_file *files, size_t n, const char *who, uint32_t version)
{
	struct buffer entry = BUFFER_INIT(2 * LOG_ENTRY_BYTES_MAX);
	uint64_t position = 0;
	int error = 0;
	for (size_t i = 0; i <= n && !error; i++) {
		buffer_reset(&entry);
		size_t object = value_open(&entry, VALUE_OBJECT);
		value_put_key(&entry, TEXT("version"));
		value_put_int(&entry, version);
		if (i < n) {
			value_put_key(&entry, TEXT("file"));
			value_put_text(&entry, files[i].name);
			value_put_key(&entry, TEXT("text"));
			value_put_text(&entry, files[i].text);
		} else {
			value_put_key(&entry, TEXT("files"));
			value_put_int(&entry, (int64_t)n);
			value_put_key(&entry, TEXT("who"));
			value_put_text(&entry, text_of(who));
			value_put_key(&entry, TEXT("time"));
			value_put_int(&entry, clock_now_ms());
		}
		value_close(&entry, object);
		error = entry_add(config_log, &entry, &position);
	}
	buffer_free(&entry);
	return error ? error : log_wait(config_log->log, position, SYNC_TIMEOUT_MS);
}

int config_log_add(struct config_log *config_log, const struct config_file *files, size_t n, const char *who, uint32_t *version)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct config_file *old;
	size_t old_n;
	uint32_t newest;
	for (size_t i = 0; i < n; i++)
		if (files[i].text.n > YAML_BYTES_MAX)
			return ERROR_LIMIT;
	arena_init(&arena, (size_t)256 * 1024 * 1024);
	pthread_mutex_lock(&config_log->lock);
	int error = config_log_newest(config_log, &arena, &newest, &old, &old_n);
	if (!error)
		error = version_add(config_log, files, n, who, newest + 1);
	pthread_mutex_unlock(&config_log->lock);
	if (!error)
		*version = newest + 1;
	return error;
}
