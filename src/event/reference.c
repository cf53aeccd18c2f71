/* reference.c: the references of each kind of record. */
#include "event/reference.h"

struct renumbering {
	struct buffer *out;
	uint64_t (*number)(void *arg, uint64_t position);
	void *arg;
};

static bool is_reference(enum event_kind kind, struct text key)
{
	switch (kind) {
	case EVENT_UNDO:
		return text_equal(key, TEXT("position"));
	case EVENT_RESPONSE:
		return text_equal(key, TEXT("decision"));
	case EVENT_REQUEST:
		return text_equal(key, TEXT("request")) || text_equal(key, TEXT("decision"));
	default:
		return false;
	}
}

static void members_put(const struct renumbering *renumbering, enum event_kind kind, struct value object);

/* An answer to a question is an event like others; what the decision asked stands in its properties. */
static void member_put(const struct renumbering *renumbering, enum event_kind kind, struct text key, struct value value)
{
	struct buffer *out = renumbering->out;
	int64_t position;
	uint64_t known;
	if (is_reference(kind, key) && value_int(value, &position)) {
		value_put_int(out, (int64_t)renumbering->number(renumbering->arg, (uint64_t)position));
	} else if (kind == EVENT_TRACK && text_equal(key, TEXT("properties")) && value_type_of(value) == VALUE_OBJECT) {
		members_put(renumbering, EVENT_KIND_END, value);
	} else if (kind == EVENT_KIND_END && text_equal(key, TEXT("decision")) && value_type_of(value) == VALUE_INT && value_int(value, &position) &&
	           (known = renumbering->number(renumbering->arg, (uint64_t)position))) {
		value_put_int(out, (int64_t)known);
	} else {
		value_put(out, value);
	}
}

static void members_put(const struct renumbering *renumbering, enum event_kind kind, struct value object)
{
	struct value_cursor cursor = {0};
	struct value value;
	struct text key;
	size_t opened = value_open(renumbering->out, VALUE_OBJECT);
	while (value_next_member(&cursor, object, &key, &value)) {
		if (kind == EVENT_TRIM && text_equal(key, TEXT("covers")))
			continue;
		value_put_key(renumbering->out, key);
		member_put(renumbering, kind, key, value);
	}
	value_close(renumbering->out, opened);
}

int reference_renumber(struct buffer *out, enum event_kind kind, struct value payload, uint64_t (*number)(void *, uint64_t), void *arg)
{
	const struct renumbering renumbering = {out, number, arg};
	members_put(&renumbering, kind, payload);
	return out->failed ? ERROR_LIMIT : 0;
}
