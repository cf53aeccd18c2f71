/* controller.c: who answers for the data, checked and written. */
#include "serve/controller.h"

#include "serve/brand.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { ID_HASH_BYTES = 16 };

const struct config_key controller_keys[] = {
	{.name = "name", .type = CONFIG_TEXT, .required = true},
	{.name = "contact", .type = CONFIG_TEXT, .required = true},
	{.name = "address", .type = CONFIG_TEXT},
	{.name = "officer", .type = CONFIG_TEXT},
	{.name = "url", .type = CONFIG_TEXT},
	{.name = "jurisdiction", .type = CONFIG_TEXT},
	{.name = NULL},
};

/* What a text is called in a problem, and how long it may be: names as in registers, addresses of several lines. */
static const struct member {
	const char *name, *path;
	size_t at, bytes_max;
} members[] = {
	{"name", "controller.name", offsetof(struct controller, name), 200},
	{"contact", "controller.contact", offsetof(struct controller, contact), 300},
	{"address", "controller.address", offsetof(struct controller, address), 400},
	{"officer", "controller.officer", offsetof(struct controller, officer), 300},
	{"url", "controller.url", offsetof(struct controller, url), BRAND_ADDRESS_BYTES_MAX},
	{"jurisdiction", "controller.jurisdiction", offsetof(struct controller, jurisdiction), 10},
};
enum { MEMBERS = sizeof members / sizeof *members };

static struct text *member_of(struct controller *controller, const struct member *member)
{
	return (struct text *)((char *)controller + member->at);
}

static struct text text_at(const struct controller *controller, const struct member *member)
{
	return *(const struct text *)((const char *)controller + member->at);
}

/* ---- reading ---- */

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* CZ, or US-CA. */
static bool is_jurisdiction(struct text code)
{
	if (code.n < 2 || code.n > 6 || code.n == 3 || !is_capital(code.p[0]) || !is_capital(code.p[1]) || (code.n > 2 && code.p[2] != '-'))
		return false;
	for (size_t i = 3; i < code.n; i++)
		if (!is_capital(code.p[i]) && (code.p[i] < '0' || code.p[i] > '9'))
			return false;
	return true;
}

int controller_read(struct config_build *build, const struct config_document *document, struct controller *controller)
{
	const struct value body = value_get(document->body, TEXT("controller"));
	int error = 0;
	*controller = (struct controller){0};
	for (size_t i = 0; i < MEMBERS; i++) {
		struct value value = value_get(body, text_of(members[i].name));
		struct text text = text_trim(value_text(value));
		*member_of(controller, &members[i]) = text;
		if (text.n > members[i].bytes_max)
			error = config_problem(build, document, members[i].path, "\"%s\" has at most %zu bytes", members[i].name, members[i].bytes_max);
		else if (value.n && text.n == 0)
			error = config_problem(build, document, members[i].path, "\"%s\" is empty: write it, or leave the line out", members[i].name);
	}
	if (controller->url.n && !brand_is_address(controller->url, true))
		error = config_problem(build, document, "controller.url", "\"url\" is an address that begins with https:// or http://, or a path of this server");
	if (controller->jurisdiction.n && !is_jurisdiction(controller->jurisdiction))
		error = config_problem(build, document, "controller.jurisdiction", "\"jurisdiction\" is a country's two letters, such as CZ, or a part of one, such as US-CA");
	return error;
}

const struct controller *controller_of(const struct config *config)
{
	const struct brand *brand = brand_of(config);
	return brand && brand->controller.name.n ? &brand->controller : NULL;
}

/* ---- writing ---- */

struct text controller_id(const struct controller *controller, char out[CONTROLLER_ID_BYTES])
{
	static const char before[] = "urn:attune:controller:";
	uint8_t hash[ID_HASH_BYTES];
	_Static_assert(sizeof before + 2 * ID_HASH_BYTES <= CONTROLLER_ID_BYTES, "there is room");
	crypto_generichash(hash, sizeof hash, (const uint8_t *)controller->name.p, controller->name.n, NULL, 0);
	memcpy(out, before, sizeof before);
	sodium_bin2hex(out + sizeof before - 1, CONTROLLER_ID_BYTES - sizeof before + 1, hash, sizeof hash);
	return text_of(out);
}

void controller_members_write(struct json_writer *out, const struct controller *controller)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		struct text text = text_at(controller, &members[i]);
		if (text.n == 0)
			continue;
		json_key(out, text_of(members[i].name));
		json_write_text(out, text);
	}
}

void controller_put(struct json_writer *out, const struct controller *controller)
{
	json_key(out, TEXT("controller"));
	if (!controller)
		return json_write_null(out);
	json_object_begin(out);
	controller_members_write(out, controller);
	json_object_end(out);
}
