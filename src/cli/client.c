/* client.c: requests over libcurl. */
#include "cli/client.h"

#include "base/secret.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_S = 60, CLIENT_KEY_BYTES = 4096 };

void client_init(struct client *client)
{
	const char *server = getenv("ATTUNE_SERVER");
	static char key[CLIENT_KEY_BYTES];
	*client = (struct client){.server = server && *server ? server : "http://127.0.0.1:8080"};
	if (secret_environment("ATTUNE_KEY", key, sizeof key) == 0)
		client->key = key;
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void client_close(struct client *client)
{
	if (client->curl)
		curl_easy_cleanup(client->curl);
	client->curl = NULL;
}

static size_t gather(char *bytes, size_t size, size_t n, void *arg)
{
	buffer_append(arg, bytes, size * n);
	return size * n;
}

static int request(const struct client *client, const char *method, const char *path, struct text body, struct buffer *answer)
{
	char url[2048], authorization[300];
	CURL *curl = client->curl ? client->curl : curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	long status = 0;
	if (!curl)
		return 0;
	((struct client *)(uintptr_t)client)->curl = curl;
	curl_easy_reset(curl);
	snprintf(url, sizeof url, "%s%s", client->server, path);
	snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", client->key ? client->key : "");
	headers = curl_slist_append(headers, authorization);
	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (strcmp(method, "GET") != 0)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (strcmp(method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.p ? body.p : "");
	}
	buffer_reset(answer);
	CURLcode code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	else
		buffer_format(answer, "%s: %s. Does a server run there? (--server, ATTUNE_SERVER)", url, curl_easy_strerror(code));
	curl_slist_free_all(headers);
	return (int)status;
}

int client_post(const struct client *client, const char *path, struct text body, struct buffer *answer)
{
	return request(client, "POST", path, body, answer);
}

int client_get(const struct client *client, const char *path, struct buffer *answer)
{
	return request(client, "GET", path, (struct text){0}, answer);
}

int client_delete(const struct client *client, const char *path, struct buffer *answer)
{
	return request(client, "DELETE", path, (struct text){0}, answer);
}
