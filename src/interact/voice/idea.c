/* idea.c: ideas of customers, and what becomes of them. */
#include "interact/voice/idea.h"

#include "base/clock.h"
#include "base/memory.h"
#include "engine/latest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* ---- what the company says ---- */

struct idea_answers {
	const struct idea_answer *items;
	size_t n;
};

static const struct config_key idea_keys[] = {
	{.name = "status", .type = CONFIG_TEXT, .required = true, .choices = "new considered trying done declined"},
	{.name = "where", .type = CONFIG_TEXT}, {.name = "says", .type = CONFIG_TEXT}, {.name = "decided_by", .type = CONFIG_TEXT},
	{.name = "decided", .type = CONFIG_TEXT}, {.name = NULL}};

static int answer_read(struct config_build *build, const struct config_document *document, struct idea_answer *answer)
{
	struct value body = document->body;
	struct text decided = value_text(value_get(body, TEXT("decided")));
	*answer = (struct idea_answer){
		.idea = document->name, .status = value_text(value_get(body, TEXT("status"))), .where = value_text(value_get(body, TEXT("where"))),
		.says = value_text(value_get(body, TEXT("says"))), .decided_by = value_text(value_get(body, TEXT("decided_by")))};
	if (decided.n && clock_parse(decided, &answer->decided_ms) != 0)
		return config_problem(build, document, "decided", "decided is a day such as 2026-11-02");
	if (!text_equal(answer->status, TEXT("new")) && answer->decided_by.n == 0)
		return config_problem(build, document, NULL, "customers hear who decided: say \"decided_by\"");
	return 0;
}

static int compile(struct config_build *build, struct config *config, const void **section)
{
	struct idea_answers *answers = arena_zero_alloc(config->arena, 1, sizeof *answers);
	struct idea_answer *items = arena_zero_alloc(config->arena, config->documents_n + 1, sizeof *items);
	const struct config_document *document;
	size_t at = 0;
	if (!answers || !items)
		return ERROR_MEMORY;
	while ((document = config_next(config, TEXT("idea"), &at))) {
		int error = answer_read(build, document, &items[answers->n++]);
		if (error)
			return error;
	}
	answers->items = items;
	*section = answers;
	return 0;
}

const struct config_kind idea_kind = {.name = "idea", .keys = idea_keys, .section = CONFIG_IDEAS, .compile = compile};

const struct idea_answer *idea_answer_of(const struct config *config, struct text idea)
{
	const struct idea_answers *answers = config ? config->sections[CONFIG_IDEAS] : NULL;
	for (size_t i = 0; answers && i < answers->n; i++)
		if (text_equal(answers->items[i].idea, idea))
			return &answers->items[i];
	return NULL;
}

/* ---- one customer's part: the latest under "i", "v" or "t" and the idea's id ---- */

enum { STATE_BYTES_MAX = 6 * 1024, KEY_BYTES = 1 + IDEA_ID_BYTES_MAX };
static const char letters[] = {[IDEA_PROPOSED] = 'i', [IDEA_SUPPORTED] = 'v', [IDEA_TRIED] = 't'};

bool idea_id_is_sound(struct text id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!(id.p[i] >= 'a' && id.p[i] <= 'z') && !(id.p[i] >= '0' && id.p[i] <= '9') && id.p[i] != '-')
			return false;
	return id.n > 0 && id.n <= IDEA_ID_BYTES_MAX;
}

static struct text key_make(char out[KEY_BYTES], enum idea_part_kind kind, struct text idea)
{
	out[0] = letters[kind];
	memcpy(out + 1, idea.p, idea.n);
	return (struct text){out, idea.n + 1};
}

static void part_set(struct fold_state *state, const struct event *event, enum idea_part_kind kind, struct value value)
{
	char key[KEY_BYTES];
	struct text idea = value_text(event_value(event, TEXT("properties.idea")));
	if (!idea_id_is_sound(idea))
		return;
	latest_set(state, &(struct latest){.key = key_make(key, kind, idea), .value = value, .order = event->header.time_ms,
	                                   .position = event->position});
}

/* [title, text, when it was first proposed]: the newest words count, and the oldest time. */
static void proposal_put(struct buffer *out, struct text title, struct text text, int64_t first_ms)
{
	size_t list = value_open(out, VALUE_ARRAY);
	value_put_text(out, text_cut(title, IDEA_TITLE_BYTES_MAX));
	value_put_text(out, text_cut(text, IDEA_TEXT_BYTES_MAX));
	value_put_int(out, first_ms);
	value_close(out, list);
}

static void proposal_get(struct value value, struct idea_part *part)
{
	struct value_cursor cursor = {0};
	struct value title = {0}, text = {0}, first = {0};
	value_next_item(&cursor, value, &title);
	value_next_item(&cursor, value, &text);
	value_next_item(&cursor, value, &first);
	part->title = value_text(title);
	part->text = value_text(text);
	value_int(first, &part->time_ms);
}

static void proposed_apply(struct fold_state *state, const struct event *event)
{
	struct text title = text_trim(value_text(event_value(event, TEXT("properties.title"))));
	struct text text = text_trim(value_text(event_value(event, TEXT("properties.text"))));
	struct text idea = value_text(event_value(event, TEXT("properties.idea")));
	int64_t first_ms = event->header.time_ms;
	char key[KEY_BYTES];
	struct latest entry = {.order = event->header.time_ms, .position = event->position}, known;
	struct idea_part before = {0};
	if (title.n == 0 || !idea_id_is_sound(idea))
		return;
	entry.key = key_make(key, IDEA_PROPOSED, idea);
	if (latest_find((struct text){(const char *)state->p, state->n}, entry.key, &known)) {
		proposal_get(known.value, &before);
		first_ms = before.time_ms < first_ms ? before.time_ms : first_ms;
		if (known.order > entry.order || (known.order == entry.order && known.position > entry.position)) {
			entry.order = known.order;
			entry.position = known.position;
			title = before.title;
			text = before.text;
		}
	}
	struct buffer value = BUFFER_INIT(2 * (IDEA_TITLE_BYTES_MAX + IDEA_TEXT_BYTES_MAX));
	proposal_put(&value, title, text, first_ms);
	entry.value = (struct value){(const uint8_t *)value.p, value.n};
	/* Without memory the idea is not kept; the event is, and the next folding finds it. */
	if (!value.failed)
		latest_set(state, &entry);
	buffer_free(&value);
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct buffer yes = BUFFER_INIT(16);
	(void)context;
	if (!text_starts(event->name, TEXT("Idea ")) || (event->header.flags & EVENT_UNVERIFIED))
		return; /* What a public key alone says is nobody's vote. */
	value_put_bool(&yes, true);
	struct value said = {(const uint8_t *)yes.p, yes.n};
	if (text_equal(event->name, TEXT(IDEA_PROPOSED_EVENT)))
		proposed_apply(state, event);
	else if (text_equal(event->name, TEXT(IDEA_SUPPORTED_EVENT)))
		part_set(state, event, IDEA_SUPPORTED, said);
	else if (text_equal(event->name, TEXT(IDEA_WITHDRAWN_EVENT)))
		part_set(state, event, IDEA_SUPPORTED, (struct value){0});
	else if (text_equal(event->name, TEXT(IDEA_TRIED_EVENT)))
		part_set(state, event, IDEA_TRIED, said);
	buffer_free(&yes);
}

const struct fold idea_fold = {
	.name = "ideas", .version = 1, .bytes_max = STATE_BYTES_MAX, .kinds = EVENT_KIND_BIT(EVENT_TRACK), .apply = apply};

bool idea_next(struct text state, size_t *at, struct idea_part *part)
{
	struct latest entry;
	while (latest_next(state, at, &entry)) {
		if (entry.value.n == 0 || entry.key.n < 2)
			continue;
		*part = (struct idea_part){
			.kind = entry.key.p[0] == 'i' ? IDEA_PROPOSED : entry.key.p[0] == 'v' ? IDEA_SUPPORTED : IDEA_TRIED,
			.idea = text_from(entry.key, 1), .time_ms = entry.order};
		if (part->kind == IDEA_PROPOSED)
			proposal_get(entry.value, part);
		return true;
	}
	return false;
}

bool idea_has_part(struct text state, enum idea_part_kind kind, struct text idea)
{
	struct idea_part part;
	for (size_t at = 0; idea_next(state, &at, &part);)
		if (part.kind == kind && text_equal(part.idea, idea))
			return true;
	return false;
}

/* ---- all ideas ---- */

enum { TABLE_SLOTS = 8192 }; /* Twice the ideas and more. */
_Static_assert(TABLE_SLOTS > 2 * IDEAS_LISTED_MAX, "the table never fills");

int idea_list_begin(struct idea_list *list, struct arena *arena)
{
	*list = (struct idea_list){.arena = arena};
	list->items = arena_zero_alloc(arena, IDEAS_LISTED_MAX, sizeof *list->items);
	list->table = arena_zero_alloc(arena, TABLE_SLOTS, sizeof *list->table);
	return list->items && list->table ? 0 : ERROR_MEMORY;
}

/* The slot of @id: that of its idea, or the free one that it would take. */
static uint32_t *slot_of(const struct idea_list *list, struct text id)
{
	size_t at = XXH3_64bits(id.p, id.n) % TABLE_SLOTS;
	while (list->table[at] && !text_equal(list->items[list->table[at] - 1].id, id))
		at = (at + 1) % TABLE_SLOTS;
	return &list->table[at];
}

static int proposed_take(struct idea_list *list, struct idea *idea, const struct idea_part *part, uint32_t customer)
{
	if (idea->proposed_ms && idea->proposed_ms <= part->time_ms)
		return 0;
	idea->title = text_copy(list->arena, part->title);
	idea->text = text_copy(list->arena, part->text);
	idea->proposed_ms = part->time_ms;
	idea->proposer = customer;
	return idea->title.p && idea->text.p ? 0 : ERROR_MEMORY;
}

int idea_list_add(struct idea_list *list, struct text state, uint32_t customer)
{
	struct idea_part part;
	for (size_t at = 0; idea_next(state, &at, &part);) {
		uint32_t *slot = slot_of(list, part.idea);
		if (!*slot && list->n == IDEAS_LISTED_MAX) {
			list->left_out += part.kind == IDEA_PROPOSED;
			continue;
		}
		if (!*slot) {
			list->items[list->n].id = text_copy(list->arena, part.idea);
			if (!list->items[list->n].id.p)
				return ERROR_MEMORY;
			*slot = (uint32_t)++list->n;
		}
		struct idea *idea = &list->items[*slot - 1];
		idea->votes += part.kind == IDEA_SUPPORTED;
		idea->tried += part.kind == IDEA_TRIED;
		int error = part.kind == IDEA_PROPOSED ? proposed_take(list, idea, &part, customer) : 0;
		if (error)
			return error;
	}
	return 0;
}

static int order(const void *a, const void *b)
{
	const struct idea *left = a, *right = b;
	if (left->votes != right->votes)
		return left->votes < right->votes ? 1 : -1;
	if (left->proposed_ms != right->proposed_ms)
		return left->proposed_ms < right->proposed_ms ? -1 : 1;
	return text_compare(left->id, right->id);
}

void idea_list_finish(struct idea_list *list, const struct config *config)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].proposed_ms)
			list->items[kept++] = list->items[i];
	list->n = kept;
	qsort(list->items, list->n, sizeof *list->items, order);
	memset(list->table, 0, TABLE_SLOTS * sizeof *list->table);
	for (size_t i = 0; i < list->n; i++) {
		list->items[i].answer = idea_answer_of(config, list->items[i].id);
		*slot_of(list, list->items[i].id) = (uint32_t)i + 1;
	}
}

const struct idea *idea_list_find(const struct idea_list *list, struct text id)
{
	uint32_t slot = *slot_of(list, id);
	return slot ? &list->items[slot - 1] : NULL;
}

struct text idea_status(const struct idea *idea)
{
	return idea->answer ? idea->answer->status : TEXT("new");
}

bool idea_is_overdue(const struct idea *idea, int64_t now_ms)
{
	return text_equal(idea_status(idea), TEXT("new")) && now_ms - idea->proposed_ms > (int64_t)IDEA_ANSWER_DAYS * MS_A_DAY;
}
