/* behind.c: who is behind a figure, as far as they agreed. */
#include "serve/behind.h"

#include "serve/api.h"
#include "trust/reader.h"

enum { LISTED_MAX = 100 };

bool behind_may_show(const struct request *request, uint64_t customers)
{
	return customers == 0 || customers >= (uint64_t)request->server->settings.aggregate_min;
}

bool behind_may_name(struct engine *engine, struct customer *customer, const struct purpose *purpose, int64_t now_ms)
{
	return customer_refresh(engine, customer) == 0 && customer->origin_first && reader_agrees(engine, customer, purpose, now_ms);
}

void behind_write(struct request *request, const struct behind *behind)
{
	struct engine *engine = request->server->engine;
	struct json_writer *out = &request->out;
	bool shown = behind_may_show(request, behind->total);
	const struct purpose *purpose = purpose_find(engine_config(engine), TEXT("analytics"));
	uint32_t agreed = 0;
	json_put_bool(out, "hidden", !shown);
	json_key(out, TEXT("customers"));
	json_array_begin(out);
	for (uint32_t number = 1; shown && number < behind->customers_n; number++) {
		struct customer *customer = behind->customers[number] ? customer_lock_of(engine, number) : NULL;
		if (!customer)
			continue;
		if (behind_may_name(engine, customer, purpose, request->now_ms) && ++agreed <= LISTED_MAX)
			customer_row_write(request, customer);
		customer_unlock(engine, customer);
	}
	json_array_end(out);
	json_put_int(out, "total", shown ? behind->total : 0);
	json_put_int(out, "agreed", agreed);
	json_put_int(out, "withheld", shown ? behind->total - agreed : 0);
	json_put_text(out, "purpose", purpose ? purpose->title : TEXT(""));
}

void behind_reply(struct request *request, const struct behind *behind, const char *sentence)
{
	json_object_begin(&request->out);
	json_put_text(&request->out, "sentence", text_of(sentence));
	behind_write(request, behind);
	json_object_end(&request->out);
}
