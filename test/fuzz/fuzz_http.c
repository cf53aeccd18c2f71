/*
 * fuzz_http.c: pieces of HTTP in any order, over a real connection to the whole server: broken heads, two lengths, chunks that lie, requests in
 * requests, bytes that come late. The server answers in HTTP or hangs up, never with a 500, and goes on serving others.
 *
 * An input's first byte says how the connection ends. Each further byte is a piece of the table below; 255 brings as many bytes of the input
 * as the byte behind it says, 254 sends what is there and waits a moment, 253 repeats the piece that follows.
 */
#include "world.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENT_BYTES_MAX = 640 * 1024, REPLY_BYTES_MAX = 4096, WAIT_MS = 60, LATE_US = 300, INPUTS_A_WORLD = 20000, INPUTS_A_HEALTH = 64 };
enum { RAW = 255, LATE = 254, REPEAT = 253, REPEATED = 200 };

static const char *const pieces[] = {
	"GET ", "POST ", "PUT ", "DELETE ", "HEAD ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "get ", "", "/", "/healthz", "/readyz", "/metrics", "/v1/track",
	"/v1/batch", "/v1/decide", "/v1/customers", "/v1/customers/me", "/v1/customers/me/export?format=zip", "/v1/customers/import", "/v1/stream", "/me", "/me/erase",
	"/console", "/console/x/y", "/assets/..%2f..%2fkeys", "/../../etc/passwd", "/%00", "/%ff", "/%", "/%2", "*", "http://other/healthz", "//healthz", "?", "&", "=",
	"?n=1&n=2&n=%00", "?token=", "?q=%C3%28", "#", " HTTP/1.1\r\n", " HTTP/1.0\r\n", " HTTP/2.0\r\n", " HTTP/9.9\r\n", " HTTP/1.1\n", " \r\n", "\r\n", "\n", "\r", " ", "\t",
	"\r\n\r\n", "Host: localhost\r\n", "Host: a\r\nHost: b\r\n", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "Content-Length: 2\r\n", "Content-Length: -1\r\n",
	"Content-Length: +5\r\n", "Content-Length: 5, 5\r\n", "Content-Length: 0x5\r\n", "Content-Length: 99999999999999999999\r\n", "Content-Length: 9223372036854775807\r\n",
	"Content-Length: 524289\r\n", "Content-Length : 5\r\n", "Content-Length:\r\n 5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n",
	"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding:\013chunked\r\n", "5\r\nhello\r\n", "0\r\n\r\n",
	"0\r\nTrailer: x\r\n\r\n", "ffffffffffffffff\r\n", "7fffffffffffffff\r\nx", "5;ext=\"x\"\r\nhello\r\n", "-1\r\n", "5\nhello\n", "hello", "{}", "{\"type\":\"track\",", "\"userId\":\"ana\"}",
	"{\"batch\":[]}", "Expect: 100-continue\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Connection: X-Attune, close\r\n",
	"Content-Type: application/json\r\n", "Content-Encoding: gzip\r\n", "Content-Encoding: deflate\r\n", "\x1f\x8b\x08\x01\x01\x01\x01\x01", "Accept-Encoding: gzip\r\n", "Range: bytes=0-1,5-\r\n",
	"If-None-Match: *\r\n", "Origin: http://evil\r\n", "Sec-GPC: 1\r\n", "X-Attune: 1\r\n", "X-Attune-Reason: \xff\xfe\r\n", "X-Forwarded-For: 1.2.3.4, \r\n", "Cookie: attune_portal=x; attune_console=y\r\n",
	"Cookie: =;;=,\"\r\n", "Cookie: ", "Authorization: Bearer ", "Authorization: Basic ", "Authorization: \r\n", "Zm9vOg==", "A: b\r\n", ": b\r\n", "A\r\n", " folded\r\n", "\tfolded\r\n", "a", "aaaaaaaaaaaaaaaa",
	"%61", "\xff", "\xc3\x28", "Referer: x\r\n",
};
enum { PIECES = sizeof pieces / sizeof *pieces, SECRET_PIECE = PIECES, WRITE_PIECE, TOKEN_PIECE, PIECES_ALL };

static struct world world;

static int connection_open(void)
{
	const struct linger at_once = {1, 0}; /* So that ports are free again at once. */
	const struct timeval patience = {2, 0};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server_port(world.server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(file >= 0 && setsockopt(file, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
	MUST(setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
	MUST(connect(file, (struct sockaddr *)&address, sizeof address) == 0);
	return file;
}

/* Whoever hung up does not want the rest. */
static bool send_all(int file, const struct buffer *out)
{
	for (size_t at = 0; at < out->n;) {
		ssize_t n = send(file, out->p + at, out->n - at, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* What comes back until the server hangs up or is silent; its beginning. */
static size_t reply_read(int file, char reply[REPLY_BYTES_MAX], int wait_ms)
{
	char more[16 * 1024];
	size_t n = 0;
	struct pollfd wait = {.fd = file, .events = POLLIN};
	while (poll(&wait, 1, wait_ms) == 1) {
		ssize_t got = recv(file, more, sizeof more, 0);
		if (got <= 0)
			break;
		size_t kept = (size_t)got < REPLY_BYTES_MAX - n ? (size_t)got : REPLY_BYTES_MAX - n;
		memcpy(reply + n, more, kept);
		n += kept;
	}
	return n;
}

static void health_check(void)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	struct buffer out = BUFFER_INIT(256);
	char reply[REPLY_BYTES_MAX];
	int file = connection_open();
	buffer_string(&out, request);
	MUST(send_all(file, &out));
	size_t n = reply_read(file, reply, 8000);
	MUST(text_starts((struct text){reply, n}, TEXT("HTTP/1.1 200 ")));
	close(file);
	buffer_free(&out);
}

static void piece_put(struct buffer *out, unsigned piece)
{
	if (piece == SECRET_PIECE)
		buffer_string(out, world.secret_key);
	else if (piece == WRITE_PIECE)
		buffer_string(out, world.write_key);
	else if (piece == TOKEN_PIECE)
		buffer_text(out, world.token);
	else
		buffer_string(out, pieces[piece]);
}

/* Send the input's pieces; false when the server hung up meanwhile. */
static bool pieces_send(int file, const uint8_t *bytes, size_t n)
{
	struct buffer out = BUFFER_INIT(SENT_BYTES_MAX);
	bool open = true;
	unsigned late = 0;
	for (size_t i = 0; i < n && open && !out.failed; i++) {
		if (bytes[i] == RAW && i + 1 < n) {
			size_t raw = bytes[i + 1] < n - i - 2 ? bytes[i + 1] : n - i - 2;
			buffer_append(&out, bytes + i + 2, raw);
			i += 1 + raw;
		} else if (bytes[i] == LATE) {
			open = send_all(file, &out);
			buffer_reset(&out);
			if (late++ < 8)
				usleep(LATE_US);
		} else if (bytes[i] == REPEAT && i + 1 < n) {
			i++;
			for (int k = 0; k < REPEATED; k++)
				piece_put(&out, bytes[i] % PIECES_ALL);
		} else {
			piece_put(&out, bytes[i] % PIECES_ALL);
		}
	}
	open = open && !out.failed && send_all(file, &out);
	buffer_free(&out);
	return open;
}

static void world_end(void)
{
	health_check();
	world_close(&world);
}

static void world_prepare(void)
{
	static unsigned inputs;
	static bool asked;
	if (world.server && ++inputs % INPUTS_A_HEALTH == 0)
		health_check();
	if (world.server && inputs >= INPUTS_A_WORLD) {
		world_end();
		inputs = 0;
	}
	if (!world.server) {
		world.harbour = true;
		world_open(&world);
	}
	if (!asked)
		atexit(world_end);
	asked = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char reply[REPLY_BYTES_MAX];
	if (n == 0)
		return 0;
	world_prepare();
	int file = connection_open();
	bool open = pieces_send(file, bytes + 1, n - 1);
	if (open && bytes[0] & 1)
		shutdown(file, SHUT_WR);
	if (!open || bytes[0] % 8 != 7) { /* Else gone before the answer comes. */
		struct text text = {reply, reply_read(file, reply, bytes[0] & 1 ? 4 * WAIT_MS : WAIT_MS)};
		MUST(text.n < 5 || text_starts(text, TEXT("HTTP/")));
		MUST(!text_starts(text_from(text, 8), TEXT(" 500")));
	}
	close(file);
	return 0;
}
