/* preference.c: stated preferences. */
#include "interact/preference.h"

enum { STATE_BYTES_MAX = 8 * 1024 };

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct value_cursor cursor = {0};
	struct value value;
	struct text name;
	(void)context;
	while (value_next_member(&cursor, value_get(event->payload, TEXT("set")), &name, &value))
		latest_set(state, &(struct latest){
			.key = name, .value = value_type_of(value) == VALUE_NULL ? (struct value){0} : value,
			.order = (int64_t)event->position, .position = event->position, .source = event->header.source,
			.channel = event->header.channel});
}

const struct fold preference_fold = {
	.name = "preferences", .version = 1, .bytes_max = STATE_BYTES_MAX,
	.kinds = EVENT_KIND_BIT(EVENT_PREFERENCE), .apply = apply};

struct value preference_get(struct text state, struct text name)
{
	struct latest entry;
	return latest_find(state, name, &entry) ? entry.value : (struct value){0};
}

static bool is_text(struct text state, struct text name, struct text wanted)
{
	return text_equal(value_text(preference_get(state, name)), wanted);
}

struct accessibility preference_accessibility(struct text state)
{
	return (struct accessibility){
		.text_huge = is_text(state, TEXT("accessibility.text"), TEXT("huge")),
		.contrast_high = is_text(state, TEXT("accessibility.contrast"), TEXT("high")),
		.stable_layout = value_is_true(preference_get(state, TEXT("accessibility.stable_layout"))),
		.screen_reader = value_is_true(preference_get(state, TEXT("accessibility.screen_reader"))),
	};
}

void accessibility_write(struct json_writer *writer, struct accessibility accessibility)
{
	json_object_begin(writer);
	json_put_text(writer, "text", accessibility.text_huge ? TEXT("huge") : TEXT("normal"));
	json_put_text(writer, "contrast", accessibility.contrast_high ? TEXT("high") : TEXT("normal"));
	json_put_bool(writer, "stable_layout", accessibility.stable_layout);
	json_put_bool(writer, "screen_reader", accessibility.screen_reader);
	json_object_end(writer);
}
