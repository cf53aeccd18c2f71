/* fuzz_config.c: any bytes, read as a configuration of every kind that stands in trust/, interact/ and, of customize/, products and consequences. */
#include "customize/consequence.h"
#include "customize/purchase.h"
#include "interact/matter.h"
#include "interact/journey.h"
#include "interact/touchpoint.h"
#include "trust/consent.h"
#include "trust/purpose.h"

#include <stdlib.h>
#include <string.h>

static void problem(void *arg, const struct config_problem *problem)
{
	size_t *n = arg;
	++*n;
	if (problem->line == 0 || strlen(problem->message) == 0)
		abort(); /* Every problem has a place and words. */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct config_kind *const list[] = {&purpose_kind, &matter_kind, &source_kind, &touchpoint_kind, &journey_kind,
	                                                &category_kind, &product_kind, &purchase_kind, &consequence_kind};
	static const struct config_kinds kinds = {list, sizeof list / sizeof *list};
	struct config_file file = {TEXT("fuzz.yaml"), {(const char *)bytes, n}};
	struct config *config;
	size_t problems = 0;
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	int error = config_build(&config, &kinds, &version, problem, &problems);
	if (error == ERROR_INVALID && problems == 0)
		abort();
	if (error)
		return 0;
	if (problems)
		abort();
	for (size_t i = 0; i < config->documents_n; i++) {
		const struct config_document *document = &config->documents[i];
		if (!value_check((struct text){(const char *)document->body.p, document->body.n}))
			abort();
		touchpoint_title(config, document->name);
		source_channel(config, document->name);
		matter_next_step(config, document->name);
		purpose_find(config, document->name);
	}
	touchpoint_of(config, EVENT_TRACK, TEXT("Opened"), CHANNEL_APP);
	consent_mask((struct text){0}, config, 0);
	config_free(config);
	return 0;
}
