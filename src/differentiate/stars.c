/* stars.c: contacts put together and judged. */
#include "differentiate/stars.h"

#include "base/unit.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

uint8_t stars_of(const struct stars_contact *contact, const struct price_goal *goal)
{
	int stars = STARS_BASE;
	if (contact->profit > 0 && (double)contact->profit >= goal->profit * 100)
		stars++;
	if (contact->profit < 0)
		stars--;
	if ((double)contact->minutes > goal->minutes * 100)
		stars--;
	if (contact->learned_n)
		stars++;
	return (uint8_t)(stars < 1 ? 1 : stars > 5 ? 5 : stars);
}

static bool continues(const struct stars_contact *contact, const struct stars_event *event)
{
	return contact->channel == event->channel && event->time_ms - contact->end_ms < STARS_GAP_MS;
}

static void take(struct stars_contact *contact, const struct stars_event *event)
{
	if (contact->events == 0)
		*contact = (struct stars_contact){.start_ms = event->time_ms, .position = event->position, .channel = event->channel, .name = event->name};
	if (contact->events == 0 || llabs(event->profit) > llabs(contact->name_profit)) {
		contact->name = event->name;
		contact->name_profit = event->profit;
	}
	contact->events++;
	contact->end_ms = event->time_ms;
	contact->profit += event->profit;
	contact->minutes += event->minutes;
	contact->got += event->got;
	contact->saved += event->saved;
	contact->wasted += event->wasted;
	if (event->reason.n)
		contact->reason = event->reason;
	if (event->learned.n && contact->learned_n++ == 0)
		contact->learned = event->learned;
}

size_t stars_judge(struct stars_contact *out, size_t max, const struct stars_event *events, size_t n, const struct price_goal *goal)
{
	size_t contacts = 0;
	for (size_t i = 0; i < n && max; i++) {
		size_t at = contacts;
		if (events[i].ours)
			continue;
		/* Contacts on two channels may go on at once: the one on this channel is among the last few. */
		while (at > 0 && contacts - at < CHANNEL_COUNT && !continues(&out[at - 1], &events[i]))
			at--;
		if (at == 0 || !continues(&out[at - 1], &events[i])) {
			if (contacts == max) {
				memmove(out, out + 1, (max - 1) * sizeof *out);
				contacts--;
			}
			out[contacts] = (struct stars_contact){0};
			at = ++contacts;
		}
		take(&out[at - 1], &events[i]);
	}
	for (size_t i = 0; i < contacts; i++)
		out[i].stars = stars_of(&out[i], goal);
	return contacts;
}

void stars_sum_add(struct stars_sum *sum, uint64_t stars, uint64_t n, int64_t profit, int64_t minutes)
{
	sum->contacts += n;
	sum->customers++;
	sum->stars += stars;
	sum->profit += profit;
	sum->minutes += minutes;
	sum->squares += (double)stars * (double)stars;
	sum->products += (double)stars * (double)n;
	sum->counts += (double)n * (double)n;
}

struct stars_mean stars_mean_of(const struct stars_sum *sum)
{
	struct stars_mean mean = {.value = NAN, .low = 1, .high = 5};
	double n = (double)sum->contacts, customers = (double)sum->customers;
	if (sum->contacts == 0)
		return mean;
	mean.value = (double)sum->stars / n;
	if (sum->customers < 2)
		return mean;
	double apart = sum->squares - 2 * mean.value * sum->products + mean.value * mean.value * sum->counts;
	double half = 1.959964 * sqrt(fmax(0, apart) * customers / (customers - 1)) / n;
	mean.low = fmax(1, mean.value - half);
	mean.high = fmin(5, mean.value + half);
	return mean;
}

void stars_say(struct buffer *out, const struct stars_contact *contact, const struct price_goal *goal, struct text currency)
{
	int64_t cents = (llabs(contact->profit) + 50) / 100, minutes = (contact->minutes + 50) / 100;
	buffer_string(out, contact->profit > 0 ? "Brought " : contact->profit < 0 ? "Cost " : "Brought nothing and cost nothing");
	if (contact->profit)
		money_say(out, cents, currency);
	if (minutes == 0)
		buffer_string(out, contact->profit ? " in no minutes of staff" : "");
	else
		buffer_format(out, " in %" PRId64 " minute%s of staff", minutes, minutes == 1 ? "" : "s");
	if ((double)contact->minutes > goal->minutes * 100)
		buffer_format(out, ", where %.0f is the goal", goal->minutes);
	if (contact->learned_n) {
		buffer_string(out, ", and we learned ");
		buffer_text(out, contact->learned);
	}
	buffer_char(out, '.');
}
