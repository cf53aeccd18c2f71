/* customer.c: attune customer, attune export: what is known about somebody, from a running server. */
#include "cli/verb.h"

#include "base/json.h"
#include "cli/client.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int usage(FILE *out, const char *verb)
{
	fprintf(out, "usage: attune %s IDENTIFIER|CID --key SECRET [--reason TEXT] [--server URL] [--json]\n\nIDENTIFIER looks like user:ana or email:ana@example.org.\n"
	        "The reason is kept in the audit log; a server with access_reason = ask wants one.\n", verb);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static void escape(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.~", c))
			buffer_char(out, (char)c);
		else
			buffer_format(out, "%%%02X", c);
	}
}

static void reason_add(struct buffer *path, const char *reason, char before)
{
	if (!reason)
		return;
	buffer_char(path, before);
	buffer_string(path, "reason=");
	escape(path, reason);
}

static void line(const char *what, struct text text)
{
	if (text.n)
		printf("%-10s %.*s\n", what, TEXT_ARGS(text));
}

static void card_show(struct json card)
{
	struct json_cursor cursor = {0};
	struct json item;
	line("name", json_text(json_get(card, TEXT("name"))));
	line("cid", json_text(json_get(card, TEXT("cid"))));
	line("since", json_text(json_get(card, TEXT("since"))));
	while (json_next_item(&cursor, json_get(card, TEXT("identifiers")), &item))
		printf("%-10s %.*s: %.*s\n", "known as", TEXT_ARGS(json_text(json_get(item, TEXT("type")))), TEXT_ARGS(json_text(json_get(item, TEXT("value")))));
	cursor = (struct json_cursor){0};
	while (json_next_item(&cursor, json_get(card, TEXT("open")), &item))
		printf("%-10s %.*s, %.*s\n", "matter", TEXT_ARGS(json_text(json_get(item, TEXT("title")))), TEXT_ARGS(json_text(json_get(item, TEXT("state")))));
	line("next", json_text(json_get(json_get(card, TEXT("next")), TEXT("text"))));
	cursor = (struct json_cursor){0};
	while (json_next_item(&cursor, json_get(card, TEXT("habits")), &item))
		line("guess", json_text(json_get(item, TEXT("text"))));
}

static int show(const char *verb, struct text answer, bool json)
{
	struct json_parser *parser = json ? NULL : json_parser_new((size_t)64 << 20, 64);
	struct json root;
	if (!parser || strcmp(verb, "export") == 0 || json_parse(parser, answer, &root) != 0)
		printf("%.*s\n", TEXT_ARGS(answer));
	else
		card_show(root);
	json_parser_free(parser);
	return EXIT_DONE;
}

/* The card, or with a cid in it the export. */
static int run(int argc, char **argv, const char *verb)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},
	                                        {"key", required_argument, NULL, 'k'}, {"server", required_argument, NULL, 's'},
	                                        {"reason", required_argument, NULL, 'r'}, {0}};
	struct client client;
	struct buffer path = BUFFER_INIT(2048), answer = BUFFER_INIT((size_t)64 << 20);
	const char *reason = NULL;
	bool json = false;
	client_init(&client);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h' || option == '?')
			return usage(option == 'h' ? stdout : stderr, verb);
		json |= option == 'j';
		client.key = option == 'k' ? optarg : client.key;
		client.server = option == 's' ? optarg : client.server;
		reason = option == 'r' ? optarg : reason;
	}
	if (optind + 1 != argc || !client.key)
		return usage(stderr, verb);
	bool named = strchr(argv[optind], ':') != NULL;
	buffer_string(&path, named ? "/v1/customers?identifier=" : "/v1/customers/");
	escape(&path, argv[optind]);
	reason_add(&path, reason, named ? '&' : '?');
	int status = client_get(&client, buffer_terminated(&path), &answer);
	if (status == 200 && strcmp(verb, "export") == 0) {
		struct json_parser *parser = json_parser_new((size_t)64 << 20, 64);
		struct json root;
		buffer_reset(&path);
		if (parser && json_parse(parser, buffer_view(&answer), &root) == 0)
			buffer_format(&path, "/v1/customers/%.*s/export", TEXT_ARGS(json_text(json_get(root, TEXT("cid")))));
		reason_add(&path, reason, '?');
		json_parser_free(parser);
		status = client_get(&client, buffer_terminated(&path), &answer);
	}
	int exit = status == 200 ? show(verb, buffer_view(&answer), json) : EXIT_FAILED;
	if (status != 200)
		fprintf(stderr, "attune %s: %.*s\n", verb, TEXT_ARGS(buffer_view(&answer)));
	buffer_free(&path);
	buffer_free(&answer);
	client_close(&client);
	return exit;
}

int verb_customer(int argc, char **argv)
{
	return run(argc, argv, "customer");
}

int verb_export(int argc, char **argv)
{
	return run(argc, argv, "export");
}
