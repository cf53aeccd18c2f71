/* participation.c: who takes part, in what, and when. */
#include "measure/participation.h"

#include "base/clock.h"
#include "interact/voice/idea.h"
#include "interact/voice/question.h"
#include "trust/consent.h"

const struct participation_word participation_words[PART_WAYS] = {
	[PART_ANSWERED] = {"answered", "answered a question"}, [PART_PROPOSED] = {"proposed", "proposed an idea"}, [PART_VOTED] = {"voted", "voted for an idea"},
	[PART_TRIED] = {"tried", "tried an idea"}, [PART_SAID] = {"said", "said yes or no to a use of data"}};

size_t participation_month(int64_t now_ms, int64_t time_ms)
{
	int64_t back = (now_ms - time_ms) / MS_A_MONTH;
	return back < 0 ? PARTICIPATION_MONTHS - 1 : back >= PARTICIPATION_MONTHS ? PARTICIPATION_MONTHS : (size_t)(PARTICIPATION_MONTHS - 1 - back);
}

static void event_find(struct participation_events *out, const struct dictionary *names, const char *event, enum participation_way way)
{
	uint32_t number = dictionary_find(names, text_of(event));
	if (!number)
		return;
	out->items[out->n].number = number;
	out->items[out->n++].ways = (uint8_t)(1u << way);
}

void participation_events_find(struct participation_events *out, const struct dictionary *names)
{
	_Static_assert(QUESTION_SCALES + 3 <= PARTICIPATION_EVENTS_MAX, "room for every event that is taking part");
	out->n = 0;
	for (size_t i = 0; i < QUESTION_SCALES; i++)
		event_find(out, names, question_scales[i].event, PART_ANSWERED);
	event_find(out, names, IDEA_PROPOSED_EVENT, PART_PROPOSED);
	event_find(out, names, IDEA_SUPPORTED_EVENT, PART_VOTED);
	event_find(out, names, IDEA_TRIED_EVENT, PART_TRIED);
}

uint16_t participation_said(struct text consents, const struct config *config, int64_t now_ms)
{
	const struct purposes *purposes = purposes_of(config);
	struct consent_state last;
	uint16_t months = 0;
	for (size_t i = 0; i < purposes->n; i++) {
		if (!consent_last(consents, &purposes->items[i], now_ms, &last) || last.signal)
			continue;
		size_t month = participation_month(now_ms, last.time_ms);
		months |= (uint16_t)(month < PARTICIPATION_MONTHS ? 1u << month : 0);
	}
	return months;
}

uint16_t participation_took(const struct participation *own)
{
	unsigned any = 0;
	for (size_t way = 0; way < PART_WAYS; way++)
		any |= own->ways[way];
	return (uint16_t)(any & own->came);
}

void participation_of(struct participation *out, const struct customer_rows *rows, const struct participation_events *events, uint16_t said, int64_t now_ms)
{
	*out = (struct participation){.ways[PART_SAID] = said};
	for (size_t i = 0; i < rows->n; i++) {
		size_t month = participation_month(now_ms, rows->items[i].time_ms);
		uint8_t ways = 0;
		for (size_t e = 0; e < events->n; e++)
			ways |= (uint8_t)(rows->items[i].name == events->items[e].number ? events->items[e].ways : 0);
		if (month < PARTICIPATION_MONTHS)
			participation_add(out, month, ways);
	}
}
