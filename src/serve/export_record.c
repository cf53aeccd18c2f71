/* export_record.c: one record of the history, as a line of the copy and as a row of its table. */
#include "serve/export.h"
#include "serve/export_record.h"

#include "base/clock.h"
#include "base/csv_cell.h"
#include "serve/timeline.h"
#include "trust/purpose.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	unsigned flag;
	const char *word;
} flags[] = {{EVENT_CLOCK_CORRECTED, "clock-corrected"}, {EVENT_CLOCK_CLAMPED, "clock-clamped"}, {EVENT_IMPORTED, "imported"},
             {EVENT_UNVERIFIED, "unverified"}, {EVENT_OF_KNOWN, "of-known"}, {EVENT_HELD, "held"}};

unsigned export_flag_of(struct text word)
{
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (text_equal(word, text_of(flags[i].word)))
			return flags[i].flag;
	return 0;
}

void export_purposes_write(struct json_writer *out, const struct config *config, uint64_t mask)
{
	char name[24];
	json_key(out, TEXT("purposes"));
	json_array_begin(out);
	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t one = (uint64_t)1 << bit;
		const struct purpose *purpose = mask & one && bit ? purpose_of_mask(config, one) : NULL;
		if (!(mask & one))
			continue;
		snprintf(name, sizeof name, "removed-%u", bit); /* It is no longer configured; its bit is nobody else's. */
		json_write_text(out, bit == 0 ? TEXT("service") : purpose ? purpose->name : text_of(name));
	}
	json_array_end(out);
}

void export_record_write(struct copy *copy, enum copy_file file, const struct event *event)
{
	struct json_writer line = JSON_WRITER(copy_out(copy, file));
	char hex[33];
	json_object_begin(&line);
	timeline_event_members_write(&line, event, NULL);
	json_put_text(&line, "origin", text_of(origin_format(hex, event->header.origin)));
	json_key(&line, TEXT("flags"));
	json_array_begin(&line);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (event->header.flags & flags[i].flag)
			json_write_text(&line, text_of(flags[i].word));
	json_array_end(&line);
	export_purposes_write(&line, engine_config(copy->request->server->engine), event->header.purposes);
	json_put_int(&line, "configuration", event->header.configuration);
	json_key(&line, TEXT("message"));
	char message[24];
	int n = snprintf(message, sizeof message, "%016" PRIx64, event->header.message_hash);
	json_write_text(&line, (struct text){message, event->header.message_hash ? (size_t)n : 0});
	json_key(&line, TEXT("content"));
	value_write_exact(&line, event->payload);
	json_object_end(&line);
	copy_line(copy, file);
}

/* ---- the table ---- */

static void cell_put(struct buffer *out, struct text text, char end)
{
	csv_cell_put(out, text);
	buffer_char(out, end);
}

void export_row_write(struct copy *copy, const struct event *event)
{
	char moment[CLOCK_TEXT_BYTES];
	struct buffer properties = BUFFER_INIT(64 * 1024), *out = copy_out(copy, COPY_TABLE);
	struct json_writer json = JSON_WRITER(&properties);
	value_write_json(&json, event->payload);
	cell_put(out, clock_format(moment, event->header.time_ms), ',');
	cell_put(out, text_of(event_kind_name((enum event_kind)event->header.kind)), ',');
	cell_put(out, event->name, ',');
	cell_put(out, text_of(channel_name((enum channel)event->header.channel)), ',');
	cell_put(out, event->touchpoint, ',');
	cell_put(out, event->source, ',');
	cell_put(out, buffer_view(&properties), '\n');
	buffer_free(&properties);
	copy->counts[COPY_TABLE]++;
	copy_pour(copy, COPY_TABLE);
}
