/* probe_test.c - the probe of a listener sees each weakness, and that there is
 * none. */
#include <string.h>
#include <unistd.h>

#include "http/tls.h"
#include "http/tls_probe.h"
#include "service.h"

static struct service service;

static enum rc
probe(struct tls_probe *ret_probe)
{
	op_clear_error(&service.op);
	return tls_probe(&service.op, "127.0.0.1", service.port, ret_probe);
}

static void
our_own_listener_refuses_everything_weak(void **state)
{
	struct tls_probe got;

	(void)state;
	ASSERT_OK(&service.op, probe(&got));
	assert_null(got.taken);
	assert_int_equal(got.refused, 8);
}

/* The test's key is for ECDSA: RSA and DHE cannot be shown with it, and no
 * cipher at all is more than GnuTLS does. */
static void
each_weakness_is_seen_and_mended_again(void **state)
{
	static const struct {
		const char *priorities;
		const char *seen;
	} cases[] = {
	    {"NORMAL:+VERS-TLS1.0:+SHA1", "TLS 1.0"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+SHA1",
		"TLS 1.1"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", "TLS 1.2 with CBC"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-AES-128-CBC:"
	     "-AES-256-CBC:+3DES-CBC",
		"TLS 1.2 with 3DES"},
	};
	struct tls_probe got;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		tls_priorities_arm(cases[i].priorities);
		ASSERT_OK(&service.op, probe(&got));
		tls_priorities_arm(NULL);
		if (got.taken == NULL)
			fail_msg("%s was not seen", cases[i].seen);
		assert_string_equal(got.taken, cases[i].seen);
		ASSERT_OK(&service.op, probe(&got));
		assert_null(got.taken);
	}
}

/* Who takes nothing at all refuses nothing either. */
static void
a_listener_that_does_not_take_what_is_strong_proves_nothing(void **state)
{
	struct tls_probe got;

	(void)state;
	tls_priorities_arm("NORMAL:-VERS-ALL:+VERS-TLS1.2");
	ASSERT_RC(&service.op, RC_IO, probe(&got));
	tls_priorities_arm("NORMAL:-VERS-ALL:+VERS-TLS1.3");
	ASSERT_RC(&service.op, RC_IO, probe(&got));
	tls_priorities_arm(NULL);
	ASSERT_OK(&service.op, probe(&got));
}

static void
nobody_listens_is_told(void **state)
{
	struct tls_probe got;
	uint16_t port = service.port;

	(void)state;
	http_server_stop(service.server, 0);
	service.server = NULL;
	service.port = port;
	ASSERT_RC(&service.op, RC_IO, probe(&got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVED(NULL, our_own_listener_refuses_everything_weak),
	    SERVED(NULL, each_weakness_is_seen_and_mended_again),
	    SERVED(NULL,
		a_listener_that_does_not_take_what_is_strong_proves_nothing),
	    SERVED(NULL, nobody_listens_is_told),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
