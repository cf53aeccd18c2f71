/*
 * settings.h: the settings of the server: one table, from which the parser, --help, ATTUNE_* and docs/settings.md come.
 *
 * A setting comes from (the later wins): its default, the file attune.conf in the data folder (name = value), the
 * environment (ATTUNE_NAME), the command line (--name value).
 */
#ifndef ATTUNE_BASE_SETTINGS_H
#define ATTUNE_BASE_SETTINGS_H

#include "base/text.h"

/* X(name, type, default, smallest, largest, unit, sentence); for texts the bounds are lengths. */
#define SETTINGS(X)                                                                                                              \
	X(listen, TEXT, "127.0.0.1", 1, 64, "address", "The address to listen on; anything but this machine's own needs a proxy with TLS before it.") \
	X(port, NUMBER, 8080, 0, 65535, "", "The port to listen on; 0 takes a free one and says which.")                                \
	X(threads, NUMBER, 2, 1, 64, "threads", "Threads that read requests and answer at once.")                                       \
	X(workers, NUMBER, 2, 1, 64, "threads", "Threads that one caller may have at a time for what takes longer; pages and large questions have one more each.")                                                  \
	X(connections_max, NUMBER, 1000, 8, 60000, "connections", "Connections at a time; beyond it the one that is idle longest is closed for a new one.") \
	X(connections_an_address, NUMBER, 250, 1, 60000, "connections", "Connections of one address at a time, but for the proxy's; beyond it its own that has been idle longest is closed, or, when none is idle, the new one.") \
	X(streams_a_caller, NUMBER, 16, 1, 500, "streams", "Open streams of one customer, member of staff or key; one more ends the oldest.")           \
	X(timeout_s, NUMBER, 20, 1, 3600, "s", "A client that sends nothing for so long is cut off.")                                   \
	X(memory_max, NUMBER, 16384, 16, 4194304, "MiB", "Memory for customers; beyond it new customers are refused with 429.")         \
	X(dedupe_memory_max, NUMBER, 1024, 1, 1048576, "MiB", "Memory for recognising messages sent twice.")                           \
	X(snapshot_every_s, NUMBER, 60, 1, 86400, "s", "How often what changed is written to the snapshot.")                            \
	X(log_segment_mb, NUMBER, 256, 1, 4096, "MiB", "Size of a file of the log. Set once, before the first start.")                  \
	X(spool_max_mb, NUMBER, 4096, 1, 16777216, "MiB", "Disk for large answers that wait for their readers, such as a customer's copy; one caller's copies may take a quarter together, a single one three quarters. Beyond it 429 or 503.") \
	X(disk_reserve_mb, NUMBER, 64, 0, 65536, "MiB", "Room on the disk that is kept for stopping and erasing when it is full.")        \
	X(damaged_log, TEXT, "continue", 4, 8, "", "What a start does about damage in the log: continue (without what is damaged, which is set aside and named) or stop.") \
	X(identify_from_public, TEXT, "unverified", 1, 16, "", "What a public key may say of customers: unverified, trusted or off.")    \
	X(new_customers_a_minute, NUMBER, 100000, 1, 100000000, "customers", "New customers a public key may make in a minute.")        \
	X(names_from_public_max, NUMBER, 20000, 1, 60000, "names", "Different names of events and touchpoints that public keys and customer tokens may bring; beyond it they are kept under \"other\".") \
	X(write_key_events_a_minute, NUMBER, 1200000, 1, 1000000000, "events", "Events in a minute with one write key; beyond it 429.")       \
	X(write_key_mb_a_minute, NUMBER, 600, 1, 1000000, "MiB", "Bytes of bodies in a minute with one write key; beyond it 429.")          \
	X(visitor_events_a_minute, NUMBER, 150000, 1, 1000000000, "events", "Events in a minute with write keys from one address; beyond it 429.") \
	X(visitor_mb_a_minute, NUMBER, 60, 1, 1000000, "MiB", "Bytes of bodies in a minute with write keys from one address; beyond it 429.") \
	X(proxy, TEXT, "127.0.0.1", 1, 64, "address", "The proxy whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody else's are.") \
	X(sign_ins_a_minute, NUMBER, 30, 1, 100000, "tries", "Sign-ins of staff that one address may try in a minute; beyond it 429.") \
	X(sign_in_pause_max_s, NUMBER, 900, 1, 900, "s", "The longest pause after repeated wrong passwords; the fifth brings one second, each further one twice as much.") \
	X(customer_requests_a_minute, NUMBER, 1200, 1, 1000000, "requests", "Requests in a minute with the tokens of one customer; beyond it 429.") \
	X(address_requests_a_minute, NUMBER, 60000, 1, 1000000, "requests", "Requests in a minute with customer tokens from one address; beyond it 429.") \
	X(aggregate_min, NUMBER, 10, 1, 1000, "customers", "Aggregates of fewer customers are not shown.")                              \
	X(gpc, TEXT, "sharing", 3, 16, "", "What a browser's Sec-GPC: 1 is a no to: sharing, marketing (and sharing), or off.")          \
	X(journeys_read_max, NUMBER, 1000000, 100, 100000000, "events", "Events read for one answer about journeys cut by a property.")  \
	X(seal, TEXT, "on", 2, 3, "", "Seal what is written about customers with a key of their own: on or off. Off, an erasure cannot reach the log.") \
	X(access_reason, TEXT, "off", 2, 3, "", "Whether opening a customer's card, timeline or export needs a reason: ask or off.")               \
	X(harbour, TEXT, "off", 2, 3, "", "The demo: on or off.")                                                                       \
	X(log_level, TEXT, "info", 4, 8, "", "Which lines are logged: debug, info, warning, error.")

enum { SETTING_TEXT_BYTES = 64 };

struct settings {
#define SETTING_FIELD_TEXT(name) char name[SETTING_TEXT_BYTES + 1];
#define SETTING_FIELD_NUMBER(name) int64_t name;
#define X(name, type, otherwise, smallest, largest, unit, sentence) SETTING_FIELD_##type(name)
	SETTINGS(X)
#undef X
#undef SETTING_FIELD_TEXT
#undef SETTING_FIELD_NUMBER
};

void settings_default(struct settings *settings);

/* Set one by name. Errors: ERROR_NOT_FOUND (no such setting), ERROR_INVALID (no number), ERROR_LIMIT (out of range). */
int settings_set(struct settings *settings, struct text name, struct text value) MUST_CHECK;

/* From a file of lines "name = value"; # begins a comment. @problem (200 bytes) says what is wrong.
 * Errors: ERROR_INVALID, ERROR_IO. A file that is not there is no error. */
int settings_read(struct settings *settings, const char *path, char problem[200]) MUST_CHECK;
int settings_environment(struct settings *settings, char problem[200]) MUST_CHECK;

/* The name nearest to @name, for "did you mean". */
const char *settings_nearest(struct text name);

/* For --help and docs/settings.md. */
void settings_describe(struct buffer *out, bool markdown);

#endif
