/* life.c: see life.h. */
#include "life.h"

#include "disk.h"
#include "house.h"
#include "random.h"

#include "base/clock.h"
#include "base/damage.h"
#include "engine/config_log.h"
#include "engine/configured.h"
#include "engine/give_up.h"
#include "engine/seal.h"
#include "engine/verify.h"
#include "identify/resolve.h"
#include "log/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPS_MAX = 60, STEPS_MAX = 500, BEGUN_FAILED = 3, FILLING_MAX = 1200, FAT_MAX = 30000, WORDS = 40, NAMES_PUBLIC = 6 };

static const struct life *life;
static struct model *model;
static struct engine *engine;
static struct config_log *config_log;
static uint64_t seed;

static _Noreturn void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void wrong(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(model->text, sizeof model->text, format, args);
	va_end(args);
	model->wrong++;
	_exit(BEGUN_FAILED);
}

static bool again(int error, const char *what)
{
	if (error == 0)
		return false;
	if (error != ERROR_BUSY)
		wrong("%s: %s", what, error_name(error));
	usleep(200);
	return true;
}

/* Keys need not be secret here, and asking the system for each takes most of the time. In place of the one of libsodium. */
void randombytes_buf(void *const bytes, const size_t n);
void randombytes_buf(void *const bytes, const size_t n)
{
	static _Thread_local uint64_t own;
	if (!own)
		own = (uint64_t)getpid() << 32 ^ clock_monotonic_ns();
	for (size_t at = 0; at < n; at += sizeof(uint64_t)) {
		uint64_t next = random_next(&own);
		memcpy((uint8_t *)bytes + at, &next, n - at < sizeof next ? n - at : sizeof next);
	}
}

/* ---- acts ---- */

static uint32_t person_any(void)
{
	uint32_t number = random_below(&seed, 3) && model->people_n ? random_below(&seed, model->people_n) : model->people_n;
	while (number < model->people_n && model->people[number])
		number++;
	if (number >= PEOPLE_MAX)
		return 0;
	if (number == model->people_n)
		model->people_n++;
	return number;
}

static uint32_t meet(uint32_t person)
{
	char browser[32], user[32];
	int64_t now = clock_now_ms();
	struct resolve_request request = {.header = {.time_ms = now, .received_ms = now, .purposes = 1}, .because = TEXT("simulation")};
	uint32_t origin, dice = random_below(&seed, 3);
	snprintf(user, sizeof user, "u%u", person);
	snprintf(browser, sizeof browser, "b%u-%u", person, random_below(&seed, 3));
	if (dice != 0)
		request.identifiers[request.n++] = (struct identifier){IDENTIFIER_ANONYMOUS, text_of(browser)};
	if (dice != 1)
		request.identifiers[request.n++] = (struct identifier){IDENTIFIER_USER, text_of(user)};
	while (again(resolve(engine, &request, &origin), "resolve"))
		;
	return origin;
}

static void payload_put(struct buffer *payload, uint32_t id, enum event_kind kind)
{
	static char filling[FAT_MAX];
	memset(filling, 'x', sizeof filling);
	size_t object = value_open(payload, VALUE_OBJECT);
	value_put_key(payload, TEXT("n"));
	value_put_int(payload, id);
	if (kind == EVENT_CONSENT) {
		value_put_key(payload, TEXT("purpose"));
		value_put_text(payload, TEXT("marketing"));
		value_put_key(payload, TEXT("answer"));
		value_put_text(payload, id % 2 ? TEXT("yes") : TEXT("no"));
		value_put_key(payload, TEXT("version"));
		value_put_text(payload, TEXT("2"));
	} else {
		value_put_key(payload, TEXT("traits"));
		size_t traits = value_open(payload, VALUE_OBJECT);
		value_put_key(payload, TEXT("name"));
		value_put_int(payload, id);
		value_close(payload, traits);
		value_put_key(payload, TEXT("filling"));
		value_put_text(payload, (struct text){filling, random_below(&seed, life->fat ? FAT_MAX : FILLING_MAX)});
	}
	value_close(payload, object);
}

static uint64_t append(uint32_t id, uint32_t origin)
{
	static const enum event_kind kinds[] = {EVENT_TRACK, EVENT_TRACK, EVENT_IDENTIFY, EVENT_CONSENT};
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	enum event_kind kind = kinds[random_below(&seed, 4)];
	int64_t now = clock_now_ms();
	uint64_t position = 0;
	uint32_t name;
	char word[24];
	model->event_words[id] = (uint8_t)random_below(&seed, WORDS);
	snprintf(word, sizeof word, "Event %u", model->event_words[id]);
	while (again(engine_name_or_other(engine, text_of(word), model->event_words[id] % 2, &name), "name"))
		;
	payload_put(&payload, id, kind);
	struct engine_write write = {
		.header = {.kind = (uint16_t)kind, .channel = CHANNEL_WEB, .purposes = 1, .name = name, .received_ms = now,
		           .time_ms = now - (random_below(&seed, 10) ? 0 : random_below(&seed, 100000)), .message_hash = id + 1},
		.payload = buffer_view(&payload)};
	int error;
	do {
		struct customer *customer = customer_lock_of(engine, origin);
		if (!customer)
			wrong("origin %u has no customer", origin);
		error = engine_append(engine, customer, origin, &write, &position);
		customer_unlock(engine, customer);
	} while (again(error, "append"));
	buffer_free(&payload);
	return position;
}

static void events_write(void)
{
	uint32_t n = 1 + random_below(&seed, 3), first = model->events_n, person = person_any();
	uint64_t position = 0;
	if (first + n > EVENTS_MAX || model->people[person])
		return;
	for (uint32_t i = 0; i < n; i++) {
		model->events[first + i] = TRIED;
		model->events_n++;
		model->event_origins[first + i] = meet(person);
		position = append(first + i, model->event_origins[first + i]);
	}
	if (random_below(&seed, 10) < 3)
		return;
	while (again(log_wait(engine_log(engine), position, 5000), "wait"))
		;
	for (uint32_t i = 0; i < n; i++)
		model->events[first + i] = ACKNOWLEDGED;
}

static uint32_t origin_any(void)
{
	uint32_t n = engine_origins(engine);
	return n ? 1 + random_below(&seed, n) : 0;
}

/* Whom they belong to is settled by the records; the comparison asks whether it came out so. */
static void move(bool join)
{
	struct event_header header = {.time_ms = clock_now_ms(), .received_ms = clock_now_ms(), .purposes = 1};
	uint32_t a = origin_any(), b = origin_any();
	uint64_t position;
	if (!a || keyring_is_destroyed(engine_keyring(engine), a) || keyring_is_destroyed(engine_keyring(engine), b))
		return;
	int error = join ? resolve_merge(engine, a, b, &header, TEXT("simulation"), &position)
	                 : resolve_split(engine, a, &header, TEXT("simulation"), &position);
	if (error == ERROR_MEMORY || error == ERROR_IO || error == ERROR_CORRUPT)
		wrong("%s: %s", join ? "join" : "part", error_name(error));
}

/* As the server does: out of memory, then the keys, then what is stored. */
static void erase(void)
{
	struct forgetting gone;
	struct arena arena;
	uint32_t person = person_any(), origin = model->people[person] ? 0 : meet(person);
	if (!origin)
		return;
	arena_init(&arena, 1 << 20);
	for (uint32_t i = 0; i < model->people_n; i++) { /* Whoever may be the same customer is not met again. */
		char user[32];
		snprintf(user, sizeof user, "u%u", i);
		uint32_t found = i == person ? origin : resolve_find(engine, (struct identifier){IDENTIFIER_USER, text_of(user)});
		struct customer *a = found ? customer_lock_of(engine, found) : NULL;
		uint32_t number = a ? a->number : 0;
		if (a)
			customer_unlock(engine, a);
		struct customer *b = customer_lock_of(engine, origin);
		if (b && b->number == number)
			model->people[i] = TRIED;
		if (b)
			customer_unlock(engine, b);
	}
	while (again(log_wait(engine_log(engine), log_end(engine_log(engine)), 5000), "wait"))
		;
	while (again(engine_forget(engine, origin, &arena, &gone), "forget"))
		;
	for (size_t i = 0; i < gone.origins_n; i++)
		if (gone.origins[i] < ORIGINS_KNOWN)
			model->erased[gone.origins[i]] = TRIED;
	if (keyring_destroy(engine_keyring(engine), gone.origins, gone.origins_n) != 0)
		wrong("keys could not be destroyed");
	for (size_t i = 0; i < gone.origins_n; i++)
		if (gone.origins[i] < ORIGINS_KNOWN)
			model->erased[gone.origins[i]] = ACKNOWLEDGED;
	while (again(engine_forget_stored(engine, gone.origins, gone.origins_n), "forget stored"))
		;
	arena_free(&arena);
}

static void names_of(struct config_lasting *lasting, char room[][16], uint32_t n)
{
	*lasting = (struct config_lasting){.n = n};
	for (uint32_t i = 0; i < n; i++) {
		snprintf(room[i], 16, "purpose-%u", i);
		lasting->names[i] = text_of(room[i]);
	}
}

static void configure(void)
{
	static char room[CONFIG_LASTING_MAX][16];
	char text[32];
	struct configured known = engine_configured(engine);
	struct config_version version = {.version = known.version};
	if (model->lasting_tried < CONFIG_LASTING_MAX)
		model->lasting_tried++;
	names_of(&version.lasting, room, model->lasting_tried);
	while (again(engine_lasting_keep(engine, &version.lasting), "lasting"))
		;
	model->lasting_kept = model->lasting_tried;
	snprintf(text, sizeof text, "lasting: %u", model->lasting_tried);
	struct config_file file = {TEXT("a.yaml"), text_of(text)};
	version.files = &file;
	version.files_n = 1;
	if (config_log_add(config_log, &version, "simulation") != 0)
		wrong("a version was not kept");
	model->version_kept = version.version;
	engine_version_note(engine, version.version);
}

static void act(void)
{
	uint32_t dice = random_below(&seed, life->lies ? 75 : 100), name; /* A snapshot would be ahead of a log that lost its end. */
	char word[32];
	if (dice < 55) {
		events_write();
	} else if (dice < 65) {
		snprintf(word, sizeof word, "Name %u", random_below(&seed, 1000));
		while (again(engine_name_or_other(engine, text_of(word), random_below(&seed, 2), &name), "name"))
			;
	} else if (dice < 75) {
		move(dice < 71);
	} else if (dice < 80) {
		erase();
	} else if (dice < 92) {
		while (again(engine_snapshot(engine), "snapshot"))
			;
	} else {
		configure();
	}
}

/* The offset in its log up to which the file @path says that all was on disk; 0: no mark. */
static uint64_t marked_end(const char *path)
{
	enum { PAGE = 4096, MAGIC = 0, END = 4 };
	const uint64_t magic = 0x3152414d54544121u;
	uint64_t words[8], end = 0;
	FILE *file = fopen(path, "rb");
	for (long place = PAGE; file && place <= 2 * PAGE; place += PAGE)
		if (fseek(file, place, SEEK_SET) == 0 && fread(words, sizeof words, 1, file) == 1 && words[MAGIC] == magic && words[END] > end)
			end = words[END];
	if (file)
		fclose(file);
	return end;
}

const char *life_spared;

bool life_may_hit(const char *path, uint64_t at, uint64_t n)
{
	enum { EVENTS_SEGMENT = 1 << 20, CONFIGURATION_SEGMENT = 4 << 20, HEAD = 3 * 4096 };
	const char *name = strrchr(path, '/');
	if (life_spared && strstr(path, life_spared))
		return false;
	if (!strstr(path, ".segment"))
		return true;
	uint64_t bytes = strstr(path, "/configuration/") ? CONFIGURATION_SEGMENT : EVENTS_SEGMENT, begin = strtoull(name + 1, NULL, 16) * bytes;
	char next[PATH_MAX_BYTES + 32];
	snprintf(next, sizeof next, "%.*s/%016llx.segment", (int)(name - path), path, (unsigned long long)(begin / bytes + 1));
	if (access(next, F_OK) == 0) /* It begins with a mark of the one before. */
		return true;
	uint64_t end = marked_end(path);
	return at + n <= HEAD || begin + at + n <= end;
}

static void hit(const char *path)
{
	if (model->damaged_n < DAMAGED_MAX)
		snprintf(model->damaged[model->damaged_n++], PATH_MAX_BYTES, "%s", path);
}

static int both_open(struct config *config)
{
	char path[PATH_MAX_BYTES + 32];
	snprintf(path, sizeof path, "%s/configuration", life->folder);
	struct engine_options options;
	house_options(&options, life->folder, config);
	options.names_public_max = NAMES_PUBLIC; /* So few that they are used up, and given back. */
	int error = config_log_open(&config_log, path);
	return error ? error : engine_open(&engine, &options);
}

static void begin(const struct life *given)
{
	life = given;
	model = life->model;
	seed = life->seed;
}

_Noreturn void life_run(const struct life *given)
{
	begin(given);
	struct config *config = house_config();
	uint32_t acts = random_below(&seed, OPS_MAX);
	struct disk_options options = {.root = life->folder, .stash = life->stash, .seed = random_next(&seed), .lies = life->lies,
	                               .misdirects = life->misdirects, .damaged = hit, .may_hit = life_may_hit,
	                               .crash_at = random_below(&seed, 4) ? 1 + random_below(&seed, STEPS_MAX) : 0};
	disk_begin(&options);
	int error = both_open(config);
	if (error)
		wrong("it does not open after a crash: %s", error_name(error));
	if (damage_count())
		wrong("damage is named where nothing is damaged");
	for (uint32_t i = 0; i < acts; i++)
		act();
	if (random_below(&seed, 2)) {
		engine_close(engine);
		config_log_close(config_log);
	}
	disk_crash();
}

/* ---- afterwards ---- */

static bool is_hit(const char *file)
{
	size_t n = strlen(file);
	for (uint32_t i = 0; i < model->damaged_n; i++) {
		const char *path = model->damaged[i] + strlen(life->folder) + 1;
		if (strncmp(path, file, n) == 0 && (path[n] == 0 || path[n] == '/'))
			return true;
	}
	return false;
}

/* Is what was hit named? Anything else that is named is wrong. Nothing missing excuses what is missing. */
static bool is_named(bool lost)
{
	static struct damage list[DAMAGE_MAX];
	size_t n = damage_list(list, DAMAGE_MAX);
	bool named = false;
	for (size_t i = 0; i < n; i++) {
		if (!model->damaged_n || !is_hit(list[i].file))
			wrong("damage is named in %s, which was not damaged: %s", list[i].file, list[i].what);
		named |= !lost || list[i].effect != DAMAGE_REBUILT;
	}
	return named;
}

struct reading {
	uint8_t times[EVENTS_MAX];
	uint8_t readable[EVENTS_MAX];
	struct witness witness;
	struct text names[DICTIONARY_NAMES_MAX + 1];
	char room[4096][32];
};

/* The name that event @id was sent with, "other", or, when the record of the name may have been given up, that it is lost. */
static void name_check(uint64_t id, struct text name)
{
	char word[24];
	snprintf(word, sizeof word, "Event %u", model->event_words[id]);
	bool is_lost = log_gaps(engine_log(engine)) && text_starts(name, TEXT("lost name "));
	if (!text_equal(name, text_of(word)) && !text_equal(name, DICTIONARY_OTHER) && !is_lost)
		wrong("event %u has the name %.*s, and was sent as %s", (uint32_t)id, (int)name.n, name.p, word);
}

static int each(void *arg, const struct event *event)
{
	static uint8_t room[EVENT_BYTES_MAX];
	struct reading *reading = arg;
	struct event named = *event;
	uint64_t id = event->header.message_hash - 1;
	if (event->header.kind == EVENT_NAME) {
		struct text name = value_text(value_get(event->payload, TEXT("name")));
		uint32_t number = event->header.name; /* Some may be gone. */
		if (number >= 4096 || name.n > sizeof reading->room[0])
			abort();
		memcpy(reading->room[number], name.p, name.n);
		reading->names[number] = (struct text){reading->room[number], name.n};
		return 0;
	}
	if (id < EVENTS_MAX)
		reading->times[id]++;
	if (!event->header.origin_number || keyring_is_destroyed(engine_keyring(engine), event->header.origin_number))
		return 0;
	if (event->header.key_version) {
		struct text header = {(const char *)&event->header, sizeof event->header};
		int error = seal_open(engine_keyring(engine), event->header.origin_number, event->header.key_version, header, event->sealed, room);
		if (error)
			return error;
		named.payload = (struct value){room, event->header.sealed_length};
	}
	if (id < EVENTS_MAX)
		reading->readable[id] = 1;
	named.name = log_gaps(engine_log(engine)) ? dictionary_name(engine_dictionary(engine), event->header.name) : reading->names[event->header.name];
	if (id < EVENTS_MAX)
		name_check(id, named.name);
	witness_note(&reading->witness, &named);
	return 0;
}

static void events_check(const struct reading *reading)
{
	for (uint32_t id = 0; id < model->events_n; id++) {
		uint32_t origin = model->event_origins[id];
		bool erased = origin < ORIGINS_KNOWN && model->erased[origin];
		model->doubled += reading->times[id] > 1;
		model->lost += model->events[id] == ACKNOWLEDGED && !reading->times[id];
		if (model->events[id] == ACKNOWLEDGED && reading->times[id] && !reading->readable[id] && !erased)
			wrong("event %u cannot be read, and nobody erased it", id);
		if (origin < ORIGINS_KNOWN && model->erased[origin] == ACKNOWLEDGED && reading->readable[id])
			wrong("event %u can be read, though its origin %u was erased", id, origin);
	}
	if (model->lost || model->doubled)
		snprintf(model->text, sizeof model->text, "%u acknowledged events are not there, %u twice", model->lost, model->doubled);
}

static void configuration_check(void)
{
	struct arena arena;
	struct config_version newest = {0};
	struct configured known = engine_configured(engine);
	arena_init(&arena, 1 << 20);
	int error = config_log_read(config_log, 0, &arena, &newest);
	if (error || newest.version < model->version_kept)
		wrong("the newest version is %u (%s), and %u was kept", newest.version, error_name(error), model->version_kept);
	if (known.lasting.n < model->lasting_kept || newest.lasting.n > known.lasting.n)
		wrong("%zu lasting names, and %u were kept", known.lasting.n, model->lasting_kept);
	for (size_t i = 0; i < known.lasting.n; i++) {
		char name[16];
		snprintf(name, sizeof name, "purpose-%zu", i);
		if (!text_equal(known.lasting.names[i], text_of(name)))
			wrong("lasting number %zu changed its name", i);
	}
	arena_free(&arena);
}

/* It goes on, and keeps what it takes. */
static void goes_on(void)
{
	uint32_t id = model->events_n, origin;
	if (id >= EVENTS_MAX || model->people_n >= PEOPLE_MAX)
		return;
	origin = meet(model->people_n);
	if (log_wait(engine_log(engine), append(id, origin), 5000) != 0 || engine_snapshot(engine) != 0)
		wrong("it does not go on");
}

/* What is damaged in the log is given up: then it opens, and is what is left in the log. */
static void give_up(struct config *config, struct reading *reading)
{
	struct log_repaired repaired;
	struct verify verify;
	config_log_close(config_log);
	damage_clear();
	int error = engine_give_up(life->folder, &repaired);
	if (error)
		wrong("what is damaged cannot be given up: %s", error_name(error));
	error = both_open(config);
	if (error)
		wrong("it does not open when the damage was given up: %s", error_name(error));
	error = engine_verify(life->folder, &verify, each, reading);
	if (error)
		wrong("verify, when the damage was given up: %s: %s", error_name(error), verify.problem);
	if (house_compare_left(engine, &reading->witness) < 0)
		wrong("what is known is not what the log says when the damage was given up");
	goes_on();
}

static _Noreturn void refused(int error, struct config *config, struct reading *reading)
{
	struct damage damage;
	if (!model->damaged_n)
		wrong("it does not open, and nothing is damaged: %s", error_name(error));
	bool named = is_named(true);
	if (!named || !damage_refusal(&damage))
		wrong("it does not open (%s), and %s, which is damaged, is not named", error_name(error), model->damaged[0] + strlen(life->folder) + 1);
	model->refused++;
	if (strncmp(damage.file, "log/", 4) == 0 && model->damaged_n == 1 && !engine)
		give_up(config, reading);
	_exit(0);
}

_Noreturn void life_check(const struct life *given)
{
	begin(given);
	struct config *config = house_config();
	struct reading *reading = calloc(1, sizeof *reading);
	struct verify verify;
	damage_clear();
	int error = both_open(config);
	if (error)
		refused(error, config, reading);
	error = engine_verify(life->folder, &verify, each, reading);
	bool named = is_named(false);
	if (error && !named)
		wrong("verify: %s: %s", error_name(error), verify.problem);
	if (!error)
		events_check(reading);
	if ((model->lost || model->doubled) && is_named(true))
		model->lost = model->doubled = 0;
	for (uint32_t i = 0; i < ORIGINS_KNOWN; i++)
		if (model->erased[i] == ACKNOWLEDGED && !keyring_is_destroyed(engine_keyring(engine), i) && !keyring_is_damaged(engine_keyring(engine), i))
			wrong("origin %u was erased, and is there again", i);
	if (!named)
		configuration_check();
	if (!named && !model->lost && house_compare(engine, &reading->witness) < 0)
		wrong("what is known is not what the log says");
	if (!model->damaged_n && !model->lost)
		goes_on();
	model->named += named;
	_exit(0);
}
