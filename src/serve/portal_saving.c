/*
 * portal_saving.c: what a purpose spares the customer: counted from what they did, not promised.
 *
 * A surface says what one right usual choice spares (saves). Of the choices of the last PORTAL_SAVING_DAYS those count that
 * are among what is guessed now.
 */
#include "serve/portal.h"

#include "base/clock.h"

enum { MONTH_DAYS = 30 };

void portal_saving_open(struct portal *portal)
{
	for (size_t i = 0; i < portal->guesses_n; i++) {
		const struct surface *surface = portal->guesses[i].surface;
		bool known = surface->type != SURFACE_USUAL || surface->saves_ms == 0;
		for (size_t j = 0; j < portal->savings_n && !known; j++)
			known = portal->savings[j].surface == surface;
		if (!known)
			portal->savings[portal->savings_n++] = (struct portal_saving){.surface = surface};
	}
}

static bool is_guessed(const struct portal *portal, const struct surface *surface, struct value value)
{
	for (size_t i = 0; i < portal->guesses_n; i++)
		if (portal->guesses[i].surface == surface && portal->guesses[i].value.n && value_equal(portal->guesses[i].value, value))
			return true;
	return false;
}

void portal_saving_count(struct portal *portal, const struct event *event)
{
	int64_t from_ms = portal->request->now_ms - (int64_t)PORTAL_SAVING_DAYS * MS_A_DAY;
	if (event->header.kind != EVENT_TRACK || event->header.time_ms < from_ms || event->header.time_ms > portal->request->now_ms)
		return;
	for (size_t i = 0; i < portal->savings_n; i++) {
		struct portal_saving *saving = &portal->savings[i];
		struct value value = value_at(value_get(event->payload, TEXT("properties")), saving->surface->field);
		if (!text_equal(event->name, saving->surface->event) || value.n == 0)
			continue;
		saving->of++;
		saving->right += is_guessed(portal, saving->surface, value);
	}
}

int64_t portal_saving_ms(const struct portal *portal, uint64_t purpose, uint32_t *right, uint32_t *of)
{
	int64_t sum = 0;
	*right = *of = 0;
	for (size_t i = 0; i < portal->savings_n; i++) {
		const struct portal_saving *saving = &portal->savings[i];
		if (saving->surface->purpose != purpose)
			continue;
		sum += saving->right * saving->surface->saves_ms;
		*right += saving->right;
		*of += saving->of;
	}
	return sum * MONTH_DAYS / PORTAL_SAVING_DAYS;
}
