/* standing.c: ten points and two axes. */
#include "measure/standing.h"

#include <math.h>

const struct score_item_of score_items[SCORE_ITEMS] = {
	{"Stars from customers", "of those who were asked have answered", "Ask one question at one place: a document of kind question.", 0.5},
	{"Stars for contacts", "of those who came are judged by what their contacts brought and cost", "Write a price list: what an event brings and costs.", 0.8},
	{"Customers design with us", "of those who came have proposed an idea or voted on one", "Nobody has proposed anything yet: open the page of ideas.", 0.1},
	{"The same service on every channel", "of those on a road could stay on the channel they chose", "Say what fails on a journey (fails), and what a minute of staff costs.", 0.95},
	{"Found, answered, undone", "of those who set out met no error and came to the end", "Write down a journey with its start and its goal.", 0.95},
	{"Told once, known everywhere", "of those who told us something were not asked for it again", "Say on a journey what asks again (asks).", 0.95},
	{"The consequence before the choice", "of those who chose saw before what it leads to", "Let the place of a choice send the event Consequence Shown.", 0.8},
	{"Arranges itself, but asks", "of those with a menu that learns have one that moved only as they chose", "Nobody who agreed uses a menu that learns yet.", 1},
	{"Explained and exported", "of a sample can take along every event that is kept", "Nobody is known yet.", 0.9},
	{"Opt-in only", "of those with a yes gave it to the text in force, themselves", "Nobody has agreed to anything yet.", 0.95},
};

double score_point(enum score_item item, const struct share *share)
{
	double point = share->low / score_items[item].aim;
	return share->n == 0 ? 0 : point > 1 ? 1 : point;
}

const struct axis_part_of interact_parts[INTERACT_PARTS] = {
	{"Contacts with somebody we know", "Offer signing in where people come without a name."},
	{"Customers we may answer", "Ask for consent, with nothing ticked, where it helps the customer."},
	{"Told once", "Mend the forms that ask for what is known: see what is broken."},
	{"Promises kept", "Look at the promise that is broken most."},
};
const struct axis_part_of customize_parts[CUSTOMIZE_PARTS] = {
	{"Decisions that differ from a stranger's", "Ask where a habit is: \"Remember this for next time?\""},
	{"Places that fit themselves to the customer", "Let one more touchpoint ask for a decision."},
	{"Customers with wishes of their own", "Show the page \"my way\" where somebody just chose."},
};

double axis_mean(const struct share *parts, size_t n)
{
	double sum = 0;
	size_t measured = 0;
	for (size_t i = 0; i < n; i++)
		if (parts[i].n) {
			sum += parts[i].value;
			measured++;
		}
	return measured ? sum / (double)measured : NAN;
}

unsigned quarter_of(double interaction, double customization)
{
	return 1 + (interaction >= 0.5) + 2 * (unsigned)(customization >= 0.5);
}
