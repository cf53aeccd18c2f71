/* standing_groups.c: who is in which group, and what is added to it. */
#include "serve/standing_groups.h"

#include "serve/segments.h"

/* SAMPLE_ALL: of the segments together, however many there are. */
enum { FACTS_BYTES_MAX = 4 * 1024 * 1024, SAMPLE_EACH = 60, SAMPLE_LEAST = 12, SAMPLE_ALL = 2400 };

int standing_groups_begin(struct standing_groups *groups, const struct config *config, uint32_t customers_n)
{
	size_t n = GROUP_SEGMENTS + segments_of(config)->n, words = (n + 63) / 64;
	*groups = (struct standing_groups){.n = n, .words = words, .customers_n = customers_n};
	arena_init(&groups->facts, FACTS_BYTES_MAX);
	groups->items = memory_zero_alloc(n, sizeof *groups->items);
	groups->in = memory_zero_alloc((size_t)customers_n * words, sizeof *groups->in);
	groups->every = memory_zero_alloc(n, sizeof *groups->every);
	groups->met = memory_zero_alloc(n, sizeof *groups->met);
	return groups->items && groups->in && groups->every && groups->met ? 0 : ERROR_MEMORY;
}

void standing_groups_end(struct standing_groups *groups)
{
	arena_free(&groups->facts);
	memory_free(groups->in);
	memory_free(groups->every);
	memory_free(groups->met);
}

static uint64_t *set_of(const struct standing_groups *groups, uint32_t number)
{
	return &groups->in[(size_t)number * groups->words];
}

struct standing_group *standing_groups_next(const struct standing_groups *groups, uint32_t number, size_t *at)
{
	const uint64_t *set = set_of(groups, number);
	while (*at < groups->n) {
		uint64_t rest = set[*at / 64] >> *at % 64;
		if (!rest) {
			*at = (*at / 64 + 1) * 64;
			continue;
		}
		*at += (size_t)__builtin_ctzll(rest);
		return &groups->items[(*at)++];
	}
	return NULL;
}

/* ---- segments ---- */

void standing_groups_join(struct standing_groups *groups, struct request *request, const struct config *config, struct customer *customer)
{
	const struct segments *segments = segments_of(config);
	uint64_t *set = set_of(groups, customer->number);
	struct segment_facts facts;
	set[0] |= 1u << GROUP_ALL;
	groups->items[GROUP_ALL].customers++;
	if (segments->n == 0)
		return;
	arena_reset(&groups->facts);
	/* A configuration that came meanwhile has other segments: the next minute counts them. */
	if (segments_facts_read(&facts, request->server->engine, customer, &groups->facts, request->now_ms) != 0 || facts.config != config)
		return;
	for (size_t i = 0; i < segments->n; i++) {
		size_t group = GROUP_SEGMENTS + i;
		if (segment_member(segments, &segments->items[i], &facts) != SEGMENT_IN)
			continue;
		set[group / 64] |= UINT64_C(1) << group % 64;
		groups->items[group].customers++;
	}
}

/* ---- what they did ---- */

/* Stars and profit of the channels @first to @last. */
static void lately_add(struct standing_group *group, const struct came *came, unsigned first, unsigned last)
{
	bool rated = false;
	group->lately++;
	for (unsigned channel = first; channel <= last; channel++) {
		group->profit += came->profit[channel];
		for (size_t level = 1; level <= 5; level++) {
			group->stars.n[level] += came->stars[channel][level];
			rated |= came->stars[channel][level] > 0;
		}
	}
	group->rated += rated;
}

static void month_add(struct standing_group *group, const struct came *came, unsigned month)
{
	group->took_part[month].n++;
	group->took_part[month].k += participation_took(&came->participation) >> month & 1;
	if (month != STANDING_MONTHS - 1)
		return;
	group->agreed.n++;
	group->agreed.k += came->agreed;
}

static void known_add(struct standing_group *group, const struct came *came, unsigned first, unsigned last)
{
	for (unsigned channel = first; channel <= last; channel++) {
		group->known.n += came->events[channel];
		group->known.k += came->known ? came->events[channel] : 0;
	}
}

static void channels_add(struct standing_groups *groups, const struct came *came)
{
	for (unsigned channel = 1; channel < CHANNEL_COUNT; channel++) {
		struct standing_group *group = &groups->items[channel];
		if (came->lately >> channel & 1)
			lately_add(group, came, channel, channel);
		if (!(came->now >> channel & 1))
			continue;
		group->customers++;
		month_add(group, came, STANDING_MONTHS - 1);
		known_add(group, came, channel, channel);
	}
}

void standing_groups_came(struct standing_groups *groups, uint32_t number, const struct came *came)
{
	struct standing_group *group;
	for (size_t at = 0; (group = standing_groups_next(groups, number, &at));) {
		known_add(group, came, 0, CHANNEL_COUNT - 1);
		for (unsigned month = 0; month < STANDING_MONTHS; month++)
			if (came->participation.came >> month & 1)
				month_add(group, came, month);
		if (came->lately)
			lately_add(group, came, 0, CHANNEL_COUNT - 1);
	}
	channels_add(groups, came);
	set_of(groups, number)[0] |= came->now & ~1u;
}

/* ---- who is looked at closely ---- */

void standing_groups_sample(struct standing_groups *groups, uint64_t least)
{
	size_t segments_n = groups->n - GROUP_SEGMENTS, share = segments_n ? SAMPLE_ALL / segments_n : SAMPLE_EACH;
	uint64_t each = share > SAMPLE_EACH ? SAMPLE_EACH : share < SAMPLE_LEAST ? SAMPLE_LEAST : share;
	for (size_t i = 1; i < groups->n; i++) {
		uint64_t customers = groups->items[i].customers, wanted = each > least ? each : least;
		groups->every[i] = customers < least ? 0 : customers > wanted ? (uint32_t)(customers / wanted) : 1;
	}
}

bool standing_groups_pick(struct standing_groups *groups, uint32_t number, uint64_t picks[GROUP_WORDS_MAX])
{
	const struct standing_group *group;
	bool any = false;
	for (size_t i = 0; i < groups->words; i++)
		picks[i] = 0;
	for (size_t at = 1; (group = standing_groups_next(groups, number, &at));) {
		size_t i = (size_t)(group - groups->items);
		if (groups->every[i] == 0 || groups->met[i]++ % groups->every[i])
			continue;
		picks[i / 64] |= UINT64_C(1) << i % 64;
		any = true;
	}
	return any;
}
