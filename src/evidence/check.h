/* check.h - what the checks and their runner share; private to evidence/. */
#ifndef DOZO_EVIDENCE_CHECK_H
#define DOZO_EVIDENCE_CHECK_H

#include "core/canary.h"
#include "evidence/evidence.h"

/* Bytes that a check reads of sites in a second, so that nobody feels it. */
#define CHECK_RATE (64 << 20)
/* No check may take longer. */
#define CHECK_TIME (300 * CLOCK_S)

/* One check at work. */
struct check {
	struct evidence *evidence;
	struct service *service;
	const char *host; /* where the service listens */
	uint16_t port;
	struct canary canary;
	int64_t deadline; /* clock_mono(): its end */
	bool satisfied;
	char checked[2][EVIDENCE_TEXT_SIZE]; /* by enum lang */
};

/* Says what was found, in both languages; arguments by place where their order
 * differs. */
#define CHECK_SAY(check, ja, en, ...) \
	do { \
		(void)snprintf((check)->checked[LANG_JA], EVIDENCE_TEXT_SIZE, \
		    ja, __VA_ARGS__); \
		(void)snprintf((check)->checked[LANG_EN], EVIDENCE_TEXT_SIZE, \
		    en, __VA_ARGS__); \
	} while (0)

/*
 * Where a check finds what it looks for, it says so and returns RC_OK with
 * satisfied set or not; a check that could not be made returns what came
 * between.
 */
typedef enum rc check_run(struct op *op, struct check *check);

check_run check_secret; /* 10.1.1 */
check_run check_copies; /* 12.3.1 */

/* Waits; RC_BUSY where the service is being stopped, RC_TIMEOUT where the
 * check's time is up. */
enum rc check_pause(struct op *op, struct check *check, int64_t ns) MUST_CHECK;

/* Waits until every site in the set holds this number of the canary's log, ten
 * seconds at the most; *ret_left: those that do not. */
enum rc check_await_sites(struct op *op, struct check *check, uint64_t number,
    struct site_set sites, struct site_set *ret_left) MUST_CHECK;

#endif
