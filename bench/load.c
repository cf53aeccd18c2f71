/*
 * load.c: a load generator: keep-alive connections, one request at a time on each, from one thread.
 *
 * usage: bench_load --port N --mode track|batch|decide|get [--key KEY] [--cookie COOKIE] [--path PATH] [--connections 64] [--seconds 5]
 *                   [--customers 10000] [--batch 100] [--rate 0] [--surface NAME]
 *
 * With --rate, requests are due at even times and latency counts from when one was due, so a stall is not hidden by
 * asking less. Prints one line of JSON.
 */
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, ANSWER_BYTES = 64 * 1024, LATENCIES_MAX = 20 * 1000 * 1000, WARM_NS = 500000000 };

enum mode { TRACK, BATCH, DECIDE, GET };

struct connection {
	int socket;
	struct buffer out;
	size_t sent, got, wanted; /* wanted: whole answer, 0 until its head is read. */
	char in[ANSWER_BYTES];
	uint64_t due_ns;
	bool busy;
};

static struct {
	enum mode mode;
	unsigned port, connections, customers, batch;
	double seconds, rate;
	const char *key, *cookie, *path, *surface;
	uint64_t counter, run, errors, requests;
	uint32_t *latencies; /* In units of 100 ns. */
	size_t latencies_n;
	uint64_t seed;
} load = {.port = 8080, .connections = 64, .customers = 10000, .batch = 100, .seconds = 5, .key = "", .surface = "bench-menu", .seed = 88172645463325252u};

static uint64_t random_next(void)
{
	load.seed ^= load.seed << 13;
	load.seed ^= load.seed >> 7;
	load.seed ^= load.seed << 17;
	return load.seed;
}

/* One event of about 780 bytes, as a browser sends it. */
static void event_put(struct buffer *out)
{
	static char now[CLOCK_TEXT_BYTES];
	static int64_t formatted_ms;
	int64_t now_ms = clock_now_ms();
	uint64_t n = load.counter++;
	if (now_ms != formatted_ms)
		clock_format(now, formatted_ms = now_ms);
	buffer_format(out,
		"{\"type\":\"track\",\"messageId\":\"ajs-next-%" PRIx64 "-%012" PRIx64 "\",\"userId\":\"u%06u\",\"event\":\"Product Viewed\",\"timestamp\":"
		"\"%s\",\"properties\":{\"product_id\":\"p-%04u\",\"name\":\"Kettle, brushed steel\",\"category\":\"kitchen\",\"price\":39.9,"
		"\"currency\":\"EUR\",\"quantity\":1,\"position\":3},\"context\":{\"channel\":\"web\",\"library\":{\"name\":\"analytics.js\",\"version\":"
		"\"next-1.84.3\"},\"locale\":\"en-GB\",\"page\":{\"path\":\"/shop/kitchen/kettle\",\"referrer\":\"https://shop.example.org/kitchen\",\"search\":\"\","
		"\"title\":\"Kettle\",\"url\":\"https://shop.example.org/shop/kitchen/kettle\"},\"timezone\":\"Europe/Berlin\",\"userAgent\":\"Mozilla/5.0 (X11; Linux "
		"x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36\"},\"integrations\":{}}",
		load.run, n, (unsigned)(random_next() % load.customers), now, (unsigned)(n % 5000));
}

static void body_put(struct buffer *body)
{
	switch (load.mode) {
	case TRACK:
		event_put(body);
		break;
	case BATCH:
		buffer_string(body, "{\"batch\":[");
		for (unsigned i = 0; i < load.batch; i++) {
			if (i)
				buffer_char(body, ',');
			event_put(body);
		}
		buffer_string(body, "]}");
		break;
	case DECIDE:
		buffer_format(body, "{\"customer\":{\"identifier\":\"user:u%06u\"},\"surface\":\"%s\",\"channel\":\"app\",\"context\":{\"touchpoint\":\"app-home\"}}",
		              (unsigned)(random_next() % load.customers), load.surface);
		break;
	case GET:
		break;
	}
}

static void request_make(struct connection *connection)
{
	static struct buffer body = {.bytes_max = 4 << 20};
	buffer_reset(&body);
	body_put(&body);
	buffer_reset(&connection->out);
	buffer_format(&connection->out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", load.mode == GET ? "GET" : "POST", load.path);
	if (load.key[0])
		buffer_format(&connection->out, "Authorization: Bearer %s\r\n", load.key);
	if (load.cookie)
		buffer_format(&connection->out, "Cookie: %s\r\n", load.cookie);
	if (load.mode != GET)
		buffer_format(&connection->out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.n);
	buffer_string(&connection->out, "\r\n");
	buffer_text(&connection->out, buffer_view(&body));
	connection->sent = connection->got = connection->wanted = 0;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void connection_open(struct connection *connection, int poll)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load.port)};
	int yes = 1;
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	connection->socket = socket(AF_INET, SOCK_STREAM, 0);
	if (connection->socket < 0 || connect(connection->socket, (struct sockaddr *)&address, sizeof address) != 0)
		fail("connect");
	setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	fcntl(connection->socket, F_SETFL, O_NONBLOCK);
	connection->out = BUFFER_INIT(8 << 20);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	if (epoll_ctl(poll, EPOLL_CTL_ADD, connection->socket, &event) != 0)
		fail("epoll");
}

static void send_on(struct connection *connection)
{
	while (connection->sent < connection->out.n) {
		ssize_t n = send(connection->socket, connection->out.p + connection->sent, connection->out.n - connection->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) { /* A full socket: rare; wait for it here. */
			usleep(50);
			continue;
		}
		if (n <= 0)
			fail("send");
		connection->sent += (size_t)n;
	}
}

static void begin(struct connection *connection, uint64_t due_ns)
{
	request_make(connection);
	connection->due_ns = due_ns;
	connection->busy = true;
	send_on(connection);
}

/* Is the answer whole? */
static bool answer_read(struct connection *connection)
{
	ssize_t n = recv(connection->socket, connection->in + connection->got, sizeof connection->in - connection->got, 0);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		fail("the server closed a connection");
	connection->got += (size_t)n;
	if (!connection->wanted) {
		char *end = memmem(connection->in, connection->got, "\r\n\r\n", 4);
		if (!end)
			return false;
		*end = 0;
		char *length = strcasestr(connection->in, "content-length:");
		if (!length)
			fail("an answer without a length");
		connection->wanted = (size_t)(end - connection->in) + 4 + strtoul(length + 15, NULL, 10);
		if (memcmp(connection->in + 9, "200", 3) != 0) {
			if (load.errors++ == 0)
				fprintf(stderr, "bench_load: %.160s\n", connection->in);
		}
		if (connection->wanted > sizeof connection->in)
			fail("an answer too large");
	}
	return connection->got >= connection->wanted;
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

static double quantile_us(double q)
{
	if (load.latencies_n == 0)
		return 0;
	size_t at = (size_t)(q * (double)(load.latencies_n - 1));
	return load.latencies[at] / 10.0;
}

/* Sleep until the next request is due: who spins takes a core from the server. */
static struct timespec patience_until(uint64_t due_ns)
{
	uint64_t now = clock_monotonic_ns(), ns = due_ns > now ? due_ns - now : 0;
	return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

static void run(struct connection *connections, int poll)
{
	uint64_t begun = clock_monotonic_ns(), warm = begun + WARM_NS, end = warm + (uint64_t)(load.seconds * 1e9), scheduled = 0;
	struct epoll_event events[256];
	for (unsigned i = 0; i < load.connections && load.rate == 0; i++)
		begin(&connections[i], clock_monotonic_ns());
	for (uint64_t now = begun; now < end; now = clock_monotonic_ns()) {
		for (unsigned i = 0; load.rate > 0 && i < load.connections; i++) {
			uint64_t due = begun + (uint64_t)((double)scheduled * 1e9 / load.rate);
			if (due > now)
				break;
			if (connections[i].busy)
				continue;
			begin(&connections[i], due);
			scheduled++;
		}
		struct timespec patience = patience_until(load.rate > 0 ? begun + (uint64_t)((double)scheduled * 1e9 / load.rate) : now + WARM_NS);
		int n = epoll_pwait2(poll, events, 256, &patience, NULL);
		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;
			if (!answer_read(connection))
				continue;
			uint64_t done = clock_monotonic_ns();
			if (done > warm && load.latencies_n < LATENCIES_MAX)
				load.latencies[load.latencies_n++] = (uint32_t)((done - connection->due_ns) / 100);
			load.requests += done > warm;
			connection->busy = false;
			if (load.rate == 0)
				begin(connection, done);
		}
	}
}

static void options_read(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, 'p'}, {"mode", required_argument, NULL, 'm'}, {"key", required_argument, NULL, 'k'},
		{"path", required_argument, NULL, 'a'}, {"connections", required_argument, NULL, 'c'}, {"seconds", required_argument, NULL, 's'},
		{"customers", required_argument, NULL, 'u'}, {"batch", required_argument, NULL, 'b'}, {"rate", required_argument, NULL, 'r'},
		{"surface", required_argument, NULL, 'f'}, {"cookie", required_argument, NULL, 'o'}, {0}};
	static const char *const modes[] = {"track", "batch", "decide", "get"}, *const paths[] = {"/v1/track", "/v1/batch", "/v1/decide", "/"};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'p': load.port = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'k': load.key = optarg; break;
		case 'o': load.cookie = optarg; break;
		case 'a': load.path = optarg; break;
		case 'c': load.connections = (unsigned)strtoul(optarg, NULL, 10); break;
		case 's': load.seconds = strtod(optarg, NULL); break;
		case 'u': load.customers = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'b': load.batch = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'r': load.rate = strtod(optarg, NULL); break;
		case 'f': load.surface = optarg; break;
		case 'm':
			for (unsigned i = 0; i < 4; i++)
				if (strcmp(optarg, modes[i]) == 0)
					load.mode = (enum mode)i;
			break;
		default: exit(2);
		}
	}
	if (!load.path)
		load.path = paths[load.mode];
	if (load.connections == 0 || load.connections > CONNECTIONS_MAX)
		exit(2);
}

int main(int argc, char **argv)
{
	options_read(argc, argv);
	load.run = (uint64_t)clock_now_ms();
	load.seed ^= load.run << 16; /* Another run, other customers. */
	prctl(PR_SET_TIMERSLACK, 1000ul); /* Wake within a microsecond of what is due. */
	thread_prompt();
	int poll = epoll_create1(0);
	struct connection *connections = calloc(load.connections, sizeof *connections);
	load.latencies = malloc(LATENCIES_MAX * sizeof *load.latencies);
	if (poll < 0 || !connections || !load.latencies)
		fail("memory");
	for (unsigned i = 0; i < load.connections; i++)
		connection_open(&connections[i], poll);
	run(connections, poll);
	qsort(load.latencies, load.latencies_n, sizeof *load.latencies, compare);
	double events = load.mode == BATCH ? load.batch : 1;
	printf("{\"rate\":%.0f,\"requests\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}\n",
	       (double)load.requests * events / load.seconds, load.requests, load.errors, quantile_us(.5), quantile_us(.99), quantile_us(.999), quantile_us(1));
	return load.errors ? 1 : 0;
}
