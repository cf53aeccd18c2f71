/* preview_api.c: POST /v1/preview: what a choice would lead to. */
#include "serve/api.h"

#include "customize/preview.h"

/* The choice for input @i that @given names; false with the error answered. */
static bool choice_read(struct request *request, const struct preview *preview, size_t i, struct json given, struct consequence_choice *choice)
{
	const struct consequence_input *input = &preview->consequence->inputs[i];
	struct buffer bytes = BUFFER_INIT(1024);
	int error = json_type_of(given) == JSON_ABSENT ? 0 : value_put_json(&bytes, given, 1);
	struct value value = {(const uint8_t *)bytes.p, bytes.n};
	if (!error)
		error = consequence_choose(choice, input, preview->products, value);
	buffer_free(&bytes);
	if (!error)
		return true;
	if (input->type == CONSEQUENCE_NUMBER)
		reply_error(request, 400, "bad_choice", "\"%.*s\" is a number from %g to %g in steps of %g.", TEXT_ARGS(text_cut(input->name, 60)), input->from, input->to, input->step);
	else if (json_type_of(given) == JSON_ABSENT)
		reply_error(request, 400, "bad_choice", "\"state\" must say \"%.*s\".", TEXT_ARGS(text_cut(input->name, 60)));
	else
		reply_error(request, 400, "bad_choice", "\"%.*s\" cannot be chosen for \"%.*s\".", TEXT_ARGS(text_cut(json_text(given), 60)), TEXT_ARGS(text_cut(input->name, 60)));
	return false;
}

/* Every name in @choices must be an input. */
static bool names_check(struct request *request, const struct consequence *consequence, struct json choices)
{
	struct json_cursor cursor = {0};
	struct json value;
	struct text name;
	while (json_next_member(&cursor, choices, &name, &value)) {
		bool known = false;
		for (size_t i = 0; i < consequence->inputs_n; i++)
			known |= text_equal(consequence->inputs[i].name, name);
		if (known)
			continue;
		reply_error(request, 400, "no_input", "\"%.*s\" has no input \"%.*s\".", TEXT_ARGS(text_cut(consequence->name, 60)), TEXT_ARGS(text_cut(name, 60)));
		return false;
	}
	return true;
}

static bool states_read(struct request *request, struct preview *preview, struct json state, struct json change)
{
	if (!names_check(request, preview->consequence, state) || !names_check(request, preview->consequence, change))
		return false;
	for (size_t i = 0; i < preview->consequence->inputs_n; i++) {
		struct text name = preview->consequence->inputs[i].name;
		struct json changed = json_get(change, name);
		if (!choice_read(request, preview, i, json_get(state, name), &preview->present.choices[i]))
			return false;
		preview->changed.choices[i] = preview->present.choices[i];
		if (json_type_of(changed) != JSON_ABSENT && !choice_read(request, preview, i, changed, &preview->changed.choices[i]))
			return false;
	}
	return true;
}

void api_preview(struct request *request)
{
	struct json root;
	struct expression_problem problem;
	const struct config *config = engine_config(request->server->engine);
	struct preview *preview = arena_zero_alloc(request->arena, 1, sizeof *preview);
	if (!preview)
		return reply_failure(request, ERROR_MEMORY);
	if (!request_json(request, &root))
		return;
	struct text name = json_text(json_get(root, TEXT("consequence")));
	*preview = (struct preview){.consequence = consequence_find(config, name), .products = products_of(config), .now_ms = request->now_ms};
	if (!preview->consequence)
		return reply_error(request, 404, "no_consequence", "There is no consequence \"%.*s\"; they are configured (kind: consequence).", TEXT_ARGS(text_cut(name, 80)));
	if (!states_read(request, preview, json_get(root, TEXT("state")), json_get(root, TEXT("change"))))
		return;
	int error = preview_make(preview, request->arena, &problem);
	if (error == ERROR_NOT_FOUND)
		return reply_error(request, 422, "no_outcome", "This cannot be said: %s", problem.message);
	if (error)
		return reply_failure(request, error);
	preview_write(&request->out, preview);
}
