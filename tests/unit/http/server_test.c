/* server_test.c - requests and answers over TLS: what a door sees, and what a client gets (H2 to H5, H7, H8, H14). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "service.h"

static struct service service;

static int
start(void **state)
{
	(void)state;
	service_start(&service, NULL);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	service_stop(&service);
	return 0;
}

#define BODY_IS(response, text)                                                \
	do {                                                                   \
		assert_true((response).complete);                              \
		assert_int_equal((response).body.size, strlen(text));          \
		assert_memory_equal((response).body.data, text, strlen(text)); \
	} while (0)

static void
a_get_is_answered_by_a_worker_and_the_connection_goes_on(void **state)
{
	CLEANUP(https_close_ptr) struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		service_get(&service, client, "/hello", &response);
		assert_int_equal(response.status, 200);
		BODY_IS(response, "hello\n");
		assert_string_equal(https_header(&service.op, &response, "Content-Type"),
		    "text/plain");
		assert_non_null(https_header(&service.op, &response, "Date"));
		assert_int_equal(
		    strlen(https_header(&service.op, &response, "Dozo-Request-Id")), 16);
		assert_null(https_header(&service.op, &response, "Connection"));
	}
	buf_release(&response.body);
}

static void
an_answer_from_memory_needs_no_worker(void **state)
{
	CLEANUP(https_close_ptr) struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_get(&service, client, "/fast", &response);
	BODY_IS(response, "fast\n");
	assert_int_equal(atomic_load(&service.begun), 0);
	buf_release(&response.body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_get_is_answered_by_a_worker_and_the_connection_goes_on, start, stop),
	    cmocka_unit_test_setup_teardown(an_answer_from_memory_needs_no_worker, start,
		stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
