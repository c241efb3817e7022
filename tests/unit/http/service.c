/* service.c - the doors of the tests. */
#include "service.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/tls.h"

static struct service *
service_of(struct http_request *req)
{
	return req->route->door;
}

/* No assertions in what runs on the server's threads: cmocka's belong to the
 * test's. */
static enum rc
answer_text(struct http_request *req, int status, const char *text)
{
	struct buf buf = {.limit = 1 << 20};

	TRY(buf_add_str(req->op, &buf, text));
	http_respond_memory(req, status, "text/plain", &buf);
	return RC_OK;
}

static uint64_t
number_param(struct http_request *req, const char *name, uint64_t other)
{
	struct span text;
	uint64_t value;

	if (target_param(req->op, &req->target, name, &text) != RC_OK)
		return other;
	return str_to_u64((const char *)text.data, 0, UINT64_MAX, &value)
		   ? value
		   : other;
}

static enum rc
count_begin(struct http_request *req)
{
	atomic_fetch_add(&service_of(req)->begun, 1);
	return RC_OK;
}

static void
count_release(struct http_request *req)
{
	atomic_fetch_add(&service_of(req)->released, 1);
}

static enum rc
hello_end(struct http_request *req)
{
	return answer_text(req, 200, "hello\n");
}

static void
fast_at_once(struct http_request *req)
{
	if (answer_text(req, 200, "fast\n") != RC_OK)
		http_fail(req, RC_NO_MEMORY);
}

static enum rc
dav_end(struct http_request *req)
{
	return answer_text(req, 200, "dav\n");
}

static enum rc
ignore_body(struct http_request *req, struct span bytes)
{
	(void)req;
	(void)bytes;
	return RC_OK;
}

/* /echo */

static enum rc
echo_begin(struct http_request *req)
{
	const char *status = http_header(req, "X-Begin");
	struct buf *buf = mem_alloc(sizeof(*buf));

	(void)count_begin(req);
	if (buf == NULL)
		FAIL(req->op, RC_NO_MEMORY, "no buffer");
	buf_init(buf, 4 << 20);
	req->user = buf;
	if (status != NULL)
		http_problem(req, atoi(status), "refused", "Refused", "拒否",
		    "at begin");
	return RC_OK;
}

static enum rc
echo_body(struct http_request *req, struct span bytes)
{
	return buf_add(req->op, req->user, bytes);
}

static enum rc
echo_end(struct http_request *req)
{
	http_respond_memory(req, 200, NULL, req->user);
	return RC_OK;
}

static void
echo_release(struct http_request *req)
{
	if (req->user != NULL)
		buf_release(req->user);
	mem_free(req->user);
	count_release(req);
}

/* /count */

struct count {
	uint64_t size, sum, refuse;
};

static enum rc
sum_begin(struct http_request *req)
{
	struct count *count;

	(void)count_begin(req);
	TRY(op_alloc(req->op, sizeof(*count), &count));
	count->refuse = number_param(req, "refuse", UINT64_MAX);
	req->user = count;
	return RC_OK;
}

static void
gate_pass(struct service *service)
{
	mutex_lock(&service->mutex);
	service->at_gate++;
	cond_broadcast(&service->cond);
	while (!service->gate_open)
		cond_wait(&service->cond, &service->mutex);
	mutex_unlock(&service->mutex);
}

static enum rc
sum_body(struct http_request *req, struct span bytes)
{
	struct count *count = req->user;
	size_t i;

	if (service_of(req)->slow_body)
		gate_pass(service_of(req));
	if (bytes.size == 0 || bytes.size > 128 << 10)
		FAIL(req->op, RC_INVALID, "a piece of %zu bytes", bytes.size);
	for (i = 0; i < bytes.size; i++)
		count->sum += bytes.data[i];
	count->size += bytes.size;
	if (count->size >= count->refuse)
		FAIL(req->op, RC_NO_SPACE, "full");
	return RC_OK;
}

static enum rc
sum_end(struct http_request *req)
{
	struct count *count = req->user;
	char text[64];

	(void)snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 "\n",
	    count->size, count->sum);
	return answer_text(req, 200, text);
}

static void
sum_release(struct http_request *req)
{
	struct service *service = service_of(req);
	struct count *count = req->user;

	mutex_lock(&service->mutex);
	service->partial = count != NULL ? count->size : 0;
	service->aborted = http_aborted(req);
	mutex_unlock(&service->mutex);
	count_release(req);
}

/* /source */

struct pattern {
	struct service *service;
	uint64_t at, size, fail;
};

uint8_t
service_byte(uint64_t offset)
{
	return (uint8_t)(offset * 7 + (offset >> 8) * 13 + (offset >> 16));
}

static enum rc
pattern_read(struct op *op, void *arg, uint8_t *out, size_t size, size_t *ret_n)
{
	struct pattern *pattern = arg;
	size_t i;

	if (size > pattern->size - pattern->at)
		size = (size_t)(pattern->size - pattern->at);
	if (size >
	    50000) /* odd pieces, so that slots are filled in several reads */
		size = 50000;
	if (pattern->at + size > pattern->fail)
		FAIL(op, RC_IO, "the disk is on fire");
	for (i = 0; i < size; i++)
		out[i] = service_byte(pattern->at + i);
	pattern->at += size;
	*ret_n = size;
	return RC_OK;
}

static void
pattern_release(void *arg)
{
	struct pattern *pattern = arg;

	atomic_fetch_sub(&pattern->service->sources, 1);
	mem_free(pattern);
}

static enum rc
source_end(struct http_request *req)
{
	uint64_t chunked = number_param(req, "chunked", UINT64_MAX);
	uint64_t size = number_param(req, "size", chunked);
	struct pattern *pattern = mem_alloc(sizeof(*pattern));
	struct http_source source = {
	    .read = pattern_read,
	    .release = pattern_release,
	    .arg = pattern,
	};

	if (pattern == NULL)
		FAIL(req->op, RC_NO_MEMORY, "no pattern");
	pattern->service = service_of(req);
	pattern->size = size;
	pattern->fail = number_param(req, "fail", UINT64_MAX);
	atomic_fetch_add(&pattern->service->sources, 1);
	/* short=N: the content ends N bytes before the size that is told. */
	size += chunked == UINT64_MAX ? number_param(req, "short", 0) : 0;
	http_respond_source(req, 200, "application/octet-stream",
	    chunked == UINT64_MAX ? size : HTTP_SIZE_UNKNOWN, &source);
	return RC_OK;
}

/* /about */

static enum rc
about_end(struct http_request *req)
{
	struct buf text = {.limit = 1 << 20};
	const char *url;
	size_t i;
	int status = (int)number_param(req, "status", 200);

	TRY(http_base_url(req, &url));
	TRY(buf_add_format(req->op, &text,
	    "method=%s client=%s segments=%zu prefix=%zu slash=%d goes_on=%d "
	    "base=%s "
	    "content=%" PRIu64 "\n",
	    http_method_name(req->method), req->op->actor.address,
	    req->target.n_segments, req->prefix_segments,
	    req->target.trailing_slash, req->goes_on, url,
	    req->content_length));
	for (i = 0; i < req->target.n_segments; i++)
		TRY(buf_add_format(req->op, &text, "[%s]\n",
		    (const char *)req->target.segments[i].data));
	if (http_header(req, "X-Authority") != NULL)
		TRY(buf_add_format(req->op, &text, "own=%d\n",
		    http_is_own_authority(
			req, span_str(http_header(req, "X-Authority")))));
	TRY(http_set_header(req, "X-Test", "yes"));
	if (status == 304)
		http_respond_size(req, 304, NULL, 12345);
	else
		http_respond_memory(req, status, "text/plain", &text);
	buf_release(&text);
	return RC_OK;
}

/* /gate, /defer, /rc */

static enum rc
gate_end(struct http_request *req)
{
	gate_pass(service_of(req));
	return answer_text(req, 200, "open\n");
}

struct deferred {
	struct work work;
	struct http_request *req;
};

static void
defer_run(struct work *work)
{
	struct http_request *req =
	    container_of(work, struct deferred, work)->req;

	if (number_param(req, "rc", 0) != 0) {
		http_complete(req, RC_IN_DOUBT);
		return;
	}
	http_complete(req, answer_text(req, 200, "later\n"));
}

static enum rc
defer_end(struct http_request *req)
{
	struct deferred *deferred;

	TRY(op_alloc(req->op, sizeof(*deferred), &deferred));
	*deferred = (struct deferred){.work.run = defer_run, .req = req};
	http_defer(req);
	work_pool_add(service_of(req)->others, &deferred->work);
	return RC_OK;
}

static enum rc
rc_end(struct http_request *req)
{
	enum rc rc = (enum rc)number_param(req, "rc", 0);

	req->conditional = number_param(req, "conditional", 0) != 0;
	if (number_param(req, "silent", 0) != 0)
		return RC_OK;
	FAIL(req->op, rc, "the error's \"own\" text");
}

static const struct http_handler hello = {
    .begin = count_begin, .end = hello_end, .release = count_release};
static const struct http_handler fast = {.at_once = fast_at_once,
    .begin = count_begin,
    .end = hello_end,
    .release = count_release};
static const struct http_handler echo = {.begin = echo_begin,
    .body = echo_body,
    .end = echo_end,
    .release = echo_release};
static const struct http_handler count_door = {.begin = sum_begin,
    .body = sum_body,
    .end = sum_end,
    .release = sum_release};
static const struct http_handler source_door = {
    .begin = count_begin, .end = source_end, .release = count_release};
static const struct http_handler about = {.begin = count_begin,
    .body = ignore_body,
    .end = about_end,
    .release = count_release};
static const struct http_handler gate = {.begin = count_begin,
    .body = ignore_body,
    .end = gate_end,
    .release = count_release};
static const struct http_handler defer = {
    .begin = count_begin, .end = defer_end, .release = count_release};
static const struct http_handler rc_door = {
    .begin = count_begin, .end = rc_end, .release = count_release};
static const struct http_handler dav = {.begin = count_begin,
    .body = ignore_body,
    .end = dav_end,
    .release = count_release};

#define GET_HEAD (HTTP_ALLOW(HTTP_GET) | HTTP_ALLOW(HTTP_HEAD))
#define PUT_POST (HTTP_ALLOW(HTTP_PUT) | HTTP_ALLOW(HTTP_POST))

static struct http_route routes[] = {
    {.prefix = "/hello", .methods = GET_HEAD, .handler = &hello},
    {.prefix = "/fast", .methods = GET_HEAD, .handler = &fast},
    {.prefix = "/echo", .methods = PUT_POST, .handler = &echo},
    {.prefix = "/count",
	.methods = PUT_POST,
	.slow = true,
	.handler = &count_door},
    {.prefix = "/source", .methods = GET_HEAD, .handler = &source_door},
    {.prefix = "/about", .methods = HTTP_ALLOW_ALL, .handler = &about},
    {.prefix = "/gate", .methods = GET_HEAD | PUT_POST, .handler = &gate},
    {.prefix = "/defer", .methods = GET_HEAD, .handler = &defer},
    {.prefix = "/rc", .methods = GET_HEAD, .handler = &rc_door},
    {.prefix = "/dav", .methods = GET_HEAD | PUT_POST, .handler = &dav},
};

static void
certificates_make(struct service *service)
{
	static const char *const names[] = {"localhost", "127.0.0.1"};
	CLEANUP(io_close) int fd = -1;

	ASSERT_OK(
	    &service->op, io_open_root(&service->op, service->folder, &fd));
	ASSERT_OK(&service->op, tls_local_ca_make(&service->op, fd, names, 2));
	(void)snprintf(service->ca_path, sizeof(service->ca_path), "%s/ca.crt",
	    service->folder);
}

void
service_start(
    struct service *service, void (*adjust)(struct http_config *config))
{
	struct http_config config;
	char crt[256], key[256];
	size_t i;

	memset(service, 0, sizeof(*service));
	op_init(&service->op);
	mutex_init(&service->mutex);
	cond_init(&service->cond);
	service->folder = test_sandbox();
	certificates_make(service);
	(void)snprintf(crt, sizeof(crt), "%s/server.crt", service->folder);
	(void)snprintf(key, sizeof(key), "%s/server.key", service->folder);
	http_config_defaults(&config);
	config.host = "127.0.0.1";
	config.certificate_path = crt;
	config.key_path = key;
	config.event_threads = 2;
	config.short_workers = 4;
	config.bytes_workers = 2;
	if (adjust != NULL)
		adjust(&config);
	for (i = 0; i < ARRAY_LEN(routes); i++)
		routes[i].door = service;
	ASSERT_OK(&service->op,
	    work_pool_start(&service->op, "other", 4, &service->others));
	ASSERT_OK(&service->op, http_server_start(&service->op, &config, routes,
				    ARRAY_LEN(routes), &service->server));
	service->port = http_server_port(service->server);
	assert_true(service->port != 0);
}

void
service_stop(struct service *service)
{
	service_open_gate(service);
	http_server_stop(service->server, 0);
	work_pool_stop(service->others);
	assert_int_equal(
	    atomic_load(&service->begun), atomic_load(&service->released));
	assert_int_equal(atomic_load(&service->sources), 0);
	test_sandbox_remove(service->folder);
	cond_release(&service->cond);
	mutex_release(&service->mutex);
	op_release(&service->op);
}

int
service_setup(void **state)
{
	const struct service_wish *wish = *state;

	service_start(wish->service, wish->adjust);
	return 0;
}

int
service_teardown(void **state)
{
	const struct service_wish *wish = *state;

	service_stop(wish->service);
	return 0;
}

void
service_open_gate(struct service *service)
{
	mutex_lock(&service->mutex);
	service->gate_open = true;
	cond_broadcast(&service->cond);
	mutex_unlock(&service->mutex);
}

void
service_await_gate(struct service *service, int n)
{
	int64_t deadline = clock_mono() + 120 * CLOCK_S;

	mutex_lock(&service->mutex);
	while (service->at_gate < n)
		if (!cond_wait_until(&service->cond, &service->mutex, deadline))
			fail_msg(
			    "%d of %d are at the gate", service->at_gate, n);
	mutex_unlock(&service->mutex);
}

static void
nap(void)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	(void)nanosleep(&ms, NULL);
}

void
service_await_released(struct service *service)
{
	int64_t deadline = clock_mono() + 120 * CLOCK_S;

	while (
	    atomic_load(&service->begun) != atomic_load(&service->released) ||
	    atomic_load(&service->sources) != 0) {
		if (clock_mono() > deadline)
			fail_msg("%d begun, %d released",
			    atomic_load(&service->begun),
			    atomic_load(&service->released));
		nap();
	}
}

void
service_await_connections(struct service *service, unsigned n)
{
	int64_t deadline = clock_mono() + 120 * CLOCK_S;
	struct http_stats stats;

	for (;;) {
		http_server_stats(service->server, &stats);
		if (stats.connections == n)
			return;
		if (clock_mono() > deadline)
			fail_msg(
			    "%u connections, not %u", stats.connections, n);
		nap();
	}
}

struct https_client *
service_client(struct service *service)
{
	const struct https_options options = {
	    .ca_path = service->ca_path,
	    .name = "127.0.0.1",
	};
	struct https_client *client = NULL;

	ASSERT_OK(&service->op,
	    https_open(&service->op, service->port, &options, &client));
	return client;
}

void
service_ask(struct service *service, struct https_client *client,
    const char *request, struct https_response *response)
{
	ASSERT_OK(&service->op, https_send_str(&service->op, client, request));
	ASSERT_OK(
	    &service->op, https_receive(&service->op, client,
			      strncmp(request, "HEAD ", 5) == 0, response));
}

void
service_get(struct service *service, struct https_client *client,
    const char *target, struct https_response *response)
{
	char *request;

	ASSERT_OK(&service->op,
	    op_format(&service->op, &request,
		"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target));
	service_ask(service, client, request, response);
}

static bool
task_runs(const char *task)
{
	char path[64], text[256] = "";
	const char *end;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/stat", task);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	(void)fclose(file);
	end = strrchr(text, ')'); /* behind it: the state */
	return end != NULL && end[1] == ' ' && end[2] == 'R';
}

static bool
another_runs(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	bool found = false;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    strtol(entry->d_name, NULL, 10) != (long)gettid() &&
		    task_runs(entry->d_name))
			found = true;
	(void)closedir(dir);
	return found;
}

unsigned
busy_percent(int64_t length)
{
	const struct timespec step = {.tv_nsec = 20000000};
	int64_t until = clock_mono() + length;
	unsigned looks = 0, busy = 0;

	while (clock_mono() < until || looks < 20) {
		(void)nanosleep(&step, NULL);
		busy += another_runs();
		looks++;
	}
	return busy * 100 / looks;
}
