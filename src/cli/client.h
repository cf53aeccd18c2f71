/*
 * client.h: how a verb talks to a running server: plain requests with a key, over libcurl.
 *
 * The key comes from --key or ATTUNE_KEY, the server from --server or ATTUNE_SERVER, else http://127.0.0.1:8080.
 */
#ifndef ATTUNE_CLI_CLIENT_H
#define ATTUNE_CLI_CLIENT_H

#include "base/text.h"

struct client {
	const char *server, *key; /* key NULL: none. */
	void *curl;               /* A kept connection, made at the first request. */
};

void client_init(struct client *client);
void client_close(struct client *client);

/* The status, or 0 with what was wrong in @answer when there was no answer. @body NULL is a GET. */
int client_post(const struct client *client, const char *path, struct text body, struct buffer *answer);
int client_get(const struct client *client, const char *path, struct buffer *answer);
int client_delete(const struct client *client, const char *path, struct buffer *answer);

#endif
