// json_simd.cc: JSON in, on simdjson's document form. The one C++ file; nothing of it shows but json.h.
#include "base/json.h"

#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <simdjson.h>

using simdjson::dom::element;
using simdjson::dom::element_type;

struct json_parser {
	simdjson::dom::parser parser;
	size_t bytes_max, depth_max;
	const char *error = "";
};

namespace {

// A dom::element is exactly {document, index}; json carries the same two words through C.
static_assert(sizeof(element) == sizeof(json) && std::is_trivially_copyable_v<element>);

element from_c(json value)
{
	element e;
	std::memcpy(static_cast<void *>(&e), &value, sizeof e);
	return e;
}

json to_c(const element &e)
{
	json value;
	std::memcpy(&value, static_cast<const void *>(&e), sizeof value);
	return value;
}

// An iterator of simdjson is one index on the document's tape: C carries it between calls as a number.
template <typename Iterator> size_t index_of(const Iterator &iterator)
{
	json here;
	static_assert(sizeof iterator == sizeof here);
	std::memcpy(&here, static_cast<const void *>(&iterator), sizeof here);
	return here.index;
}

template <typename Container>
auto step(json_cursor *cursor, json container, const Container &items) -> std::optional<decltype(items.begin())>
{
	auto iterator = items.begin();
	if (!cursor->started) {
		cursor->next = index_of(iterator);
		cursor->end = index_of(items.end());
		cursor->started = true;
	}
	if (cursor->next >= cursor->end)
		return std::nullopt;
	json here{container.document, cursor->next};
	std::memcpy(static_cast<void *>(&iterator), &here, sizeof here);
	return iterator;
}

template <typename Iterator> void advance(json_cursor *cursor, Iterator &iterator)
{
	++iterator;
	cursor->next = index_of(iterator);
}

} // namespace

extern "C" {

struct json_parser *json_parser_new(size_t bytes_max, size_t depth_max)
{
	auto *parser = new (std::nothrow) json_parser{simdjson::dom::parser(bytes_max), bytes_max, depth_max};
	return parser;
}

void json_parser_free(struct json_parser *parser)
{
	delete parser;
}

int json_parse(struct json_parser *parser, struct text text, struct json *root)
{
	if (text.n > parser->bytes_max) {
		parser->error = "The document is too large.";
		return ERROR_LIMIT;
	}
	size_t wanted = text.n < 4096 ? 4096 : text.n;
	if (parser->parser.capacity() < wanted || parser->parser.max_depth() != parser->depth_max) {
		if (parser->parser.allocate(wanted, parser->depth_max) != simdjson::SUCCESS) {
			parser->error = "There is not enough memory to read this.";
			return ERROR_MEMORY;
		}
	}
	element found;
	auto error = parser->parser.parse(text.p ? text.p : "", text.n).get(found);
	if (error == simdjson::SUCCESS) {
		*root = to_c(found);
		return 0;
	}
	parser->error = simdjson::error_message(error);
	if (error == simdjson::DEPTH_ERROR || error == simdjson::CAPACITY) {
		parser->error = error == simdjson::CAPACITY ? "The document is too large." : "The document is nested too deeply.";
		return ERROR_LIMIT;
	}
	return error == simdjson::MEMALLOC ? ERROR_MEMORY : ERROR_INVALID;
}

const char *json_parser_error(const struct json_parser *parser)
{
	return parser->error;
}

enum json_type json_type_of(struct json value)
{
	if (!value.document)
		return JSON_ABSENT;
	switch (from_c(value).type()) {
	case element_type::ARRAY: return JSON_ARRAY;
	case element_type::OBJECT: return JSON_OBJECT;
	case element_type::INT64: return JSON_INT;
	case element_type::UINT64: return JSON_DOUBLE;
	case element_type::DOUBLE: return JSON_DOUBLE;
	case element_type::STRING: return JSON_TEXT;
	case element_type::BOOL: return JSON_BOOL;
	case element_type::NULL_VALUE: return JSON_NULL;
	}
	return JSON_ABSENT;
}

struct json json_get(struct json object, struct text key)
{
	simdjson::dom::object found;
	element member;
	if (!object.document || from_c(object).get(found) != simdjson::SUCCESS ||
	    found.at_key(std::string_view(key.p, key.n)).get(member) != simdjson::SUCCESS)
		return json{nullptr, 0};
	return to_c(member);
}

void json_pick(struct json object, const struct text *keys, size_t n, struct json *values)
{
	simdjson::dom::object found;
	for (size_t i = 0; i < n; i++)
		values[i] = json{nullptr, 0};
	if (!object.document || from_c(object).get(found) != simdjson::SUCCESS)
		return;
	for (auto at = found.begin(), end = found.end(); at != end; ++at) {
		size_t length = at.key_length();
		const char *key = at.key_c_str();
		for (size_t i = 0; i < n; i++)
			if (keys[i].n == length && !values[i].document && std::memcmp(keys[i].p, key, length) == 0) {
				values[i] = to_c(at.value());
				break;
			}
	}
}

size_t json_count(struct json container)
{
	if (!container.document)
		return 0;
	simdjson::dom::array array;
	simdjson::dom::object object;
	if (from_c(container).get(array) == simdjson::SUCCESS)
		return array.size();
	if (from_c(container).get(object) == simdjson::SUCCESS)
		return object.size();
	return 0;
}

bool json_is_text(struct json value)
{
	return value.document && from_c(value).is_string();
}

struct text json_text(struct json value)
{
	std::string_view view;
	if (!value.document || from_c(value).get(view) != simdjson::SUCCESS)
		return text{"", 0};
	return text{view.data(), view.size()};
}

bool json_bool(struct json value, bool otherwise)
{
	bool found;
	return value.document && from_c(value).get(found) == simdjson::SUCCESS ? found : otherwise;
}

bool json_int(struct json value, int64_t *number)
{
	double found;
	if (!value.document)
		return false;
	element e = from_c(value);
	if (e.type() == element_type::INT64)
		return e.get(*number) == simdjson::SUCCESS;
	if (e.type() != element_type::DOUBLE || e.get(found) != simdjson::SUCCESS || found != std::floor(found) ||
	    std::fabs(found) > 9e15)
		return false;
	*number = static_cast<int64_t>(found);
	return true;
}

bool json_double(struct json value, double *number)
{
	return value.document && from_c(value).is_number() && from_c(value).get(*number) == simdjson::SUCCESS;
}

bool json_next_item(struct json_cursor *cursor, struct json container, struct json *item)
{
	simdjson::dom::array array;
	*item = json{nullptr, 0};
	if (!container.document || from_c(container).get(array) != simdjson::SUCCESS)
		return false;
	auto at = step(cursor, container, array);
	if (!at)
		return false;
	*item = to_c(**at);
	advance(cursor, *at);
	return true;
}

bool json_next_member(struct json_cursor *cursor, struct json container, struct text *key, struct json *value)
{
	simdjson::dom::object object;
	*key = text{"", 0};
	*value = json{nullptr, 0};
	if (!container.document || from_c(container).get(object) != simdjson::SUCCESS)
		return false;
	auto at = step(cursor, container, object);
	if (!at)
		return false;
	std::string_view name = at->key();
	*key = text{name.data(), name.size()};
	*value = to_c(at->value());
	advance(cursor, *at);
	return true;
}

} // extern "C"
