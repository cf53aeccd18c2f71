/* config_log.c: versions of the configuration as entries: {"version", "part", "file", "text"}, closed by {"version", "files", "who",
 * "time", "lasting"}. */
#include "engine/config_log.h"

#include "base/clock.h"
#include "log/log.h"

#include <pthread.h>
#include <string.h>

enum { SEGMENT_BYTES = 4 * 1024 * 1024, FILES_MAX = 1000, FILE_NAME_BYTES_MAX = 1000, SYNC_TIMEOUT_MS = 30000 };

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

/* Where the entries of a version stand. */
struct reading {
	uint64_t gathering[FILES_MAX], whole[FILES_MAX];
	size_t gathering_n, whole_n;
	uint64_t closing;          /* The entry that closes the newest whole version, 0: there is none. */
	uint32_t version, wanted;  /* The one that was read last; to stop at, 0: at the end. */
};

enum { FOUND = 1 }; /* No error: the rest need not be read. */

static int entry_read(void *arg, uint64_t position, struct text entry)
{
	struct reading *reading = arg;
	int64_t version, files, number;
	if (!value_check(entry))
		return ERROR_CORRUPT;
	struct value value = {(const uint8_t *)entry.p, entry.n};
	if (!value_int(value_get(value, TEXT("version")), &version))
		return ERROR_CORRUPT;
	if (value_int(value_get(value, TEXT("files")), &files)) {
		if (files && (size_t)files != reading->gathering_n)
			return ERROR_CORRUPT;
		reading->gathering_n = (size_t)files;
		memcpy(reading->whole, reading->gathering, reading->gathering_n * sizeof *reading->whole);
		reading->whole_n = reading->gathering_n;
		reading->gathering_n = 0;
		reading->version = (uint32_t)version;
		reading->closing = position;
		return reading->wanted && reading->version == reading->wanted ? FOUND : 0;
	}
	if (!value_int(value_get(value, TEXT("part")), &number) || number < 0 || number >= FILES_MAX)
		return ERROR_CORRUPT;
	if (number == 0)
		reading->gathering_n = 0; /* What was gathered belongs to a version that was never closed. */
	if ((size_t)number != reading->gathering_n)
		return ERROR_CORRUPT;
	reading->gathering[reading->gathering_n++] = position;
	return 0;
}

/* A version from before there were lasting names has none: they get their numbers when it is built. */
static int lasting_read(struct config_log *config_log, uint64_t position, struct arena *arena, struct config_lasting *lasting)
{
	struct value_cursor cursor = {0};
	struct value item;
	struct text entry;
	int error = position ? log_read(config_log->log, position, NULL, &entry) : 0;
	if (error || !position)
		return error;
	struct value names = value_get((struct value){(const uint8_t *)entry.p, entry.n}, TEXT("lasting"));
	while (value_next_item(&cursor, names, &item)) {
		if (lasting->n == CONFIG_LASTING_MAX)
			return ERROR_CORRUPT;
		lasting->names[lasting->n] = text_copy(arena, value_text(item));
		if (!lasting->names[lasting->n++].p)
			return ERROR_MEMORY;
	}
	return 0;
}

static int file_copy(struct config_log *config_log, uint64_t position, struct arena *arena, struct config_file *file)
{
	struct text entry;
	int error = log_read(config_log->log, position, NULL, &entry);
	if (error)
		return error;
	struct value value = {(const uint8_t *)entry.p, entry.n};
	file->name = text_copy(arena, value_text(value_get(value, TEXT("file"))));
	file->text = text_copy(arena, value_text(value_get(value, TEXT("text"))));
	return file->name.p && file->text.p ? 0 : ERROR_MEMORY;
}

int config_log_read(struct config_log *config_log, uint32_t number, struct arena *arena, struct config_version *out)
{
	struct reading *reading = memory_zero_alloc(1, sizeof *reading);
	if (!reading)
		return ERROR_MEMORY;
	reading->wanted = number;
	int error = log_replay(config_log->log, 0, entry_read, reading);
	error = error == FOUND ? 0 : !error && number ? ERROR_NOT_FOUND : error;
	struct config_file *found = error ? NULL : arena_alloc(arena, (reading->whole_n + 1) * sizeof *found);
	if (!error && !found)
		error = ERROR_MEMORY;
	for (size_t i = 0; !error && i < reading->whole_n; i++)
		error = file_copy(config_log, reading->whole[i], arena, &found[i]);
	struct config_version version = {.version = reading->version, .files = found, .files_n = reading->whole_n};
	if (!error)
		error = lasting_read(config_log, reading->closing, arena, &version.lasting);
	if (!error)
		*out = version;
	memory_free(reading);
	return error;
}

/* Append @entry; when the log has more waiting than it holds, wait until @position, the entry before it, is durable. */
static int entry_add(struct config_log *config_log, struct buffer *entry, uint64_t *position)
{
	struct text part = buffer_view(entry);
	int error = entry->failed ? ERROR_MEMORY : log_append(config_log->log, &part, 1, position);
	if (error != ERROR_BUSY || !*position)
		return error;
	error = log_wait(config_log->log, *position, SYNC_TIMEOUT_MS);
	return error ? error : log_append(config_log->log, &part, 1, position);
}

static void closing_put(struct buffer *entry, const struct config_version *version, const char *who)
{
	value_put_key(entry, TEXT("files"));
	value_put_int(entry, (int64_t)version->files_n);
	value_put_key(entry, TEXT("who"));
	value_put_text(entry, text_of(who));
	value_put_key(entry, TEXT("time"));
	value_put_int(entry, clock_now_ms());
	value_put_key(entry, TEXT("lasting"));
	size_t names = value_open(entry, VALUE_ARRAY);
	for (size_t i = 0; i < version->lasting.n; i++)
		value_put_text(entry, version->lasting.names[i]);
	value_close(entry, names);
}

static int version_add(struct config_log *config_log, const struct config_version *version, const char *who)
{
	struct buffer entry = BUFFER_INIT(2 * LOG_ENTRY_BYTES_MAX);
	uint64_t position = 0;
	int error = 0;
	for (size_t i = 0; i <= version->files_n && !error; i++) {
		buffer_reset(&entry);
		size_t object = value_open(&entry, VALUE_OBJECT);
		value_put_key(&entry, TEXT("version"));
		value_put_int(&entry, version->version);
		if (i < version->files_n) {
			value_put_key(&entry, TEXT("part"));
			value_put_int(&entry, (int64_t)i);
			value_put_key(&entry, TEXT("file"));
			value_put_text(&entry, version->files[i].name);
			value_put_key(&entry, TEXT("text"));
			value_put_text(&entry, version->files[i].text);
		} else {
			closing_put(&entry, version, who);
		}
		value_close(&entry, object);
		error = entry_add(config_log, &entry, &position);
	}
	buffer_free(&entry);
	return error ? error : log_wait(config_log->log, position, SYNC_TIMEOUT_MS);
}

int config_log_add(struct config_log *config_log, struct config_version *version, const char *who)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct config_version newest;
	arena_init(&arena, (size_t)256 * 1024 * 1024);
	if (version->files_n > FILES_MAX)
		return ERROR_LIMIT;
	for (size_t i = 0; i < version->files_n; i++)
		if (version->files[i].text.n > YAML_BYTES_MAX || version->files[i].name.n > FILE_NAME_BYTES_MAX)
			return ERROR_LIMIT;
	pthread_mutex_lock(&config_log->lock);
	int error = config_log_read(config_log, 0, &arena, &newest);
	if (!error) {
		version->version = (newest.version > version->version ? newest.version : version->version) + 1;
		error = version_add(config_log, version, who);
	}
	pthread_mutex_unlock(&config_log->lock);
	return error;
}
