/* shop_api.c: what purchases taught, a customer's products and what the customer set about them, and previews. */
#include "serve/api.h"
#include "serve/behind.h"

#include "base/clock.h"
#include "customize/purchase.h"
#include "interact/preference.h"
#include "serve/buying_models.h"
#include "trust/reader.h"

#include <stdio.h>

/* ---- what purchases taught ---- */

static void category_write(struct json_writer *out, const struct category *category, const struct buying_category *learned, int64_t least)
{
	json_object_begin(out);
	json_put_text(out, "category", category->name);
	json_put_text(out, "title", category->title);
	json_put_bool(out, "declared", category->lasts != PRODUCT_LEARNED);
	json_put_text(out, "class", text_of(buying_class_name(learned ? learned->class : BUYING_UNKNOWN)));
	if (!learned || learned->class != BUYING_CONSUMABLE)
		json_put_int(out, "life_days", category->life_ms / MS_A_DAY);
	bool hidden = !learned || learned->buyers < least;
	json_put_bool(out, "hidden", hidden);
	if (!hidden) {
		json_put_int(out, "buyers", learned->buyers);
		json_put_double(out, "repeat", (double)learned->repeated / learned->buyers);
		json_put_double(out, "low", learned->low);
		json_put_double(out, "high", learned->high);
	}
	if (!hidden && learned->class == BUYING_CONSUMABLE && learned->intervals >= least) {
		json_put_int(out, "intervals", learned->intervals);
		json_put_double(out, "cycle_days", learned->median_days);
		json_put_double(out, "spread", learned->spread);
	}
	json_object_end(out);
}

void api_categories(struct request *request)
{
	struct json_writer *out = &request->out;
	const struct products *products = products_of(engine_config(request->server->engine));
	const struct buying_model *model = buying_models_get(request->server->buying);
	json_object_begin(out);
	json_key(out, TEXT("built"));
	if (model)
		json_write_time(out, model->built_ms);
	else
		json_write_null(out);
	json_put_int(out, "customers", model && behind_may_show(request, model->customers) ? model->customers : 0);
	json_key(out, TEXT("categories"));
	json_array_begin(out);
	for (size_t i = 0; i < products->categories_n; i++)
		category_write(out, &products->categories[i], buying_category_of(model, products->categories[i].mark),
		               (uint32_t)request->server->settings.aggregate_min);
	json_array_end(out);
	json_object_end(out);
}

/* ---- a customer's products ---- */

static void setting_write(struct request *request, const struct product *product, const struct product_setting *setting, struct text preferences)
{
	struct json_writer *out = &request->out;
	struct latest stated;
	struct event event;
	char name[LATEST_KEY_BYTES_MAX + 1], id[24];
	double value = setting->standard, number = 0;
	int n = snprintf(name, sizeof name, "product.%.*s.%.*s", TEXT_ARGS(product->name), TEXT_ARGS(setting->name));
	struct text preference = {name, (size_t)n < sizeof name ? (size_t)n : sizeof name - 1};
	/* What was set before the range was changed, and does not fit any more, no longer holds. */
	bool own = latest_find(preferences, preference, &stated) && value_double(stated.value, &number) && product_setting_fits(setting, number);
	if (own)
		value = number;
	json_object_begin(out);
	json_put_text(out, "setting", setting->name);
	json_put_text(out, "preference", preference);
	json_put_text(out, "title", setting->title);
	json_put_text(out, "unit", setting->unit);
	json_put_double(out, "from", setting->from);
	json_put_double(out, "to", setting->to);
	json_put_double(out, "step", setting->step);
	json_put_double(out, "standard", setting->standard);
	json_put_double(out, "value", value);
	json_put_bool(out, "own", own);
	if (setting->consequence.n)
		json_put_text(out, "consequence", setting->consequence);
	if (own) {
		if (engine_event(request->server->engine, stated.position, request->arena, &event) == 0)
			json_put_time(out, "since", event.header.time_ms);
		json_put_text(out, "channel", text_of(channel_name((enum channel)stated.channel)));
		json_put_text(out, "undo", record_format(id, 'u', stated.position));
	}
	json_object_end(out);
}

static void product_write(struct request *request, const struct product *product, struct text preferences)
{
	struct json_writer *out = &request->out;
	json_object_begin(out);
	json_put_text(out, "product", product->name);
	json_put_text(out, "title", product->title);
	json_key(out, TEXT("settings"));
	json_array_begin(out);
	for (size_t i = 0; i < product->settings_n; i++)
		setting_write(request, product, &product->settings[i], preferences);
	json_array_end(out);
	json_object_end(out);
}

static void bought_write(struct json_writer *out, const struct products *products, struct text purchases)
{
	struct purchase purchase;
	json_key(out, TEXT("bought"));
	json_array_begin(out);
	for (size_t at = 0; purchase_next(purchases, &at, &purchase);) {
		const struct product *product = product_of_mark(products, purchase.mark);
		if (!product || !purchase_is_owned(&purchase))
			continue;
		json_object_begin(out);
		json_put_text(out, "product", product->name);
		json_put_text(out, "title", product->title);
		json_put_int(out, "units", purchase.units - purchase.returned);
		json_put_time(out, "last", (int64_t)purchase.days[0] * MS_A_DAY);
		json_object_end(out);
	}
	json_array_end(out);
}

void api_products(struct request *request)
{
	struct reader reader;
	const struct products *products = products_of(engine_config(request->server->engine));
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	struct text preferences = {0}, purchases = {0};
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE, request->now_ms);
	if (!error) {
		preferences = reader_state(&reader, &preference_fold);
		purchases = reader_state(&reader, &purchase_fold);
	}
	customer_unlock(request->server->engine, customer);
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	json_key(&request->out, TEXT("products"));
	json_array_begin(&request->out);
	for (size_t i = 0; i < products->n; i++)
		if (products->items[i].settings_n)
			product_write(request, &products->items[i], preferences);
	json_array_end(&request->out);
	bought_write(&request->out, products, purchases);
	json_object_end(&request->out);
}
