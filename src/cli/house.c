/* house.c: the tables that compose the house. */
#include "cli/house.h"

#include "customize/consequence.h"
#include "customize/habit.h"
#include "customize/layout.h"
#include "customize/product.h"
#include "customize/purchase.h"
#include "customize/suggestion.h"
#include "customize/surface.h"
#include "differentiate/need.h"
#include "differentiate/price.h"
#include "differentiate/segment/segment.h"
#include "identify/claim.h"
#include "identify/identifier.h"
#include "identify/trait.h"
#include "interact/contact.h"
#include "interact/journey.h"
#include "interact/matter.h"
#include "interact/note.h"
#include "interact/preference.h"
#include "interact/promise.h"
#include "interact/topic.h"
#include "interact/touchpoint.h"
#include "interact/voice/idea.h"
#include "interact/voice/ranking.h"
#include "measure/layers/layers.h"
#include "measure/roadmap.h"
#include "serve/brand.h"
#include "trust/consent.h"
#include "trust/generation.h"
#include "trust/retention.h"
#include "trust/rights_request.h"
#include "trust/trait_use.h"

#include <math.h>

static const struct fold *const folds[] = {&identifier_fold, &trait_fold,  &consent_fold,    &preference_fold, &contact_fold, &matter_fold, &promise_fold,
                                           &habit_fold,      &layout_fold, &moved_fold,      &menu_fold,       &suggestion_fold,
                                           &question_fold,   &idea_fold,   &ranking_fold,    &segment_fold,    &purchase_fold,
                                           &rights_fold,     &claim_fold,     &generation_fold};
const struct fold_table house_folds = {folds, sizeof folds / sizeof *folds};

static const struct config_kind *const kinds[] = {&purpose_kind, &trait_use_kind, &source_kind, &touchpoint_kind, &surface_kind, &journey_kind, &matter_kind,
                                                  &promise_kind, &experience_kind, &interaction_kind, &procedure_kind, &system_kind,
                                                  &price_list_kind, &move_kind, &note_kind, &question_kind, &idea_kind, &need_kind, &segment_kind,
                                                  &category_kind, &product_kind, &purchase_kind, &consequence_kind, &topic_kind, &retention_kind,
                                                  &brand_kind};
const struct config_kinds house_kinds = {kinds, sizeof kinds / sizeof *kinds};

bool house_column(const struct event *event, int32_t *value)
{
	static const uint32_t counted = EVENT_KIND_BIT(EVENT_TRACK) | EVENT_KIND_BIT(EVENT_PAGE) | EVENT_KIND_BIT(EVENT_SCREEN);
	static const char *const measures[] = {"amount", "total", "revenue", "value", "stars", "seconds"};
	const size_t measures_n = sizeof measures / sizeof *measures;
	size_t best = measures_n;
	struct text key;
	struct value item;
	double amount;
	*value = 0;
	if (!(counted & EVENT_KIND_BIT(event->header.kind)))
		return false;
	const struct value properties = event_value(event, TEXT("properties"));
	for (struct value_cursor cursor = {0}; best && value_next_member(&cursor, properties, &key, &item);)
		for (size_t i = 0; i < best; i++)
			if (text_equal(key, text_of(measures[i])) && value_double(item, &amount)) {
				*value = fabs(amount) < 1e7 ? (int32_t)lround(amount * 100) : 0;
				best = i;
			}
	return true;
}
