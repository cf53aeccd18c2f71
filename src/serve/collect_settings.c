/* collect_settings.c: what Segment's browser SDK asks for beside sending events. */
#include "serve/collect.h"

#include <stdio.h>

void collect_metrics(struct request *request)
{
	json_object_begin(&request->out);
	json_put_bool(&request->out, "success", true);
	json_object_end(&request->out);
}

/* What the browser SDK fetches first. Exactly one integration, so that it loads nothing from elsewhere. */
void collect_settings(struct request *request)
{
	struct json_writer *out = &request->out;
	struct text host = http_header_of(request->http, "Host"), forwarded = http_header_of(request->http, "X-Forwarded-Proto");
	char api[300];
	int n = snprintf(api, sizeof api, "%.*s/v1", TEXT_ARGS(text_first(host, 250)));
	json_object_begin(out);
	json_key(out, TEXT("integrations"));
	json_object_begin(out);
	json_key(out, TEXT("Segment.io"));
	json_object_begin(out);
	json_put_text(out, "apiKey", request->parameters[0]);
	json_put_text(out, "apiHost", ((struct text){api, (size_t)n}));
	json_put_text(out, "protocol", text_equal(forwarded, TEXT("https")) ? TEXT("https") : TEXT("http"));
	json_put_bool(out, "addBundledMetadata", false);
	json_put_bool(out, "retryQueue", true);
	json_object_end(out);
	json_object_end(out);
	json_key(out, TEXT("plan"));
	json_write_raw(out, TEXT("{\"track\":{\"__default\":{\"enabled\":true,\"integrations\":{}}},\"identify\":{\"__default\":{\"enabled\":true}},"
	                         "\"group\":{\"__default\":{\"enabled\":true}}}"));
	json_key(out, TEXT("metrics"));
	json_write_raw(out, TEXT("{\"sampleRate\":0}"));
	json_key(out, TEXT("middlewareSettings"));
	json_write_raw(out, TEXT("{\"routingRules\":[]}"));
	json_key(out, TEXT("enabledMiddleware"));
	json_write_raw(out, TEXT("{}"));
	json_put_bool(out, "legacyVideoPluginsEnabled", false);
	json_key(out, TEXT("remotePlugins"));
	json_write_raw(out, TEXT("[]"));
	json_key(out, TEXT("consentSettings"));
	json_write_raw(out, TEXT("{\"allCategories\":[],\"hasUnmappedDestinations\":false}"));
	json_object_end(out);
}
