/*
 * evidence.h - the living security document: checks of what the clauses
 * promise, made again and again beside the running service, and what they came
 * to.
 */
#ifndef DOZO_EVIDENCE_EVIDENCE_H
#define DOZO_EVIDENCE_EVIDENCE_H

#include "core/service.h"
#include "evidence/clause.h"

#define EVIDENCE_FIRST (20 * CLOCK_S) /* after the start */
#define EVIDENCE_EVERY (900 * CLOCK_S)
#define EVIDENCE_OLD (3600 * CLOCK_S) /* an older result is none */

enum { EVIDENCE_TEXT_SIZE = 1024, EVIDENCE_COMMAND_SIZE = 48 };

enum evidence_light {
	EVIDENCE_SATISFIED,
	EVIDENCE_NOT_SATISFIED,
	EVIDENCE_NOT_YET_COVERED, /* no check of it is built */
};

struct evidence_result {
	enum evidence_light light;
	int64_t checked_at; /* wall time, ns; 0: never since the start */
	char checked[EVIDENCE_TEXT_SIZE]; /* a sentence for everybody */
	char detail[OP_ERROR_SIZE]; /* for the operator alone: it may name
				       paths; mostly "" */
};

/* "satisfied", "not_satisfied", "not_yet_covered" */
const char *evidence_word(enum evidence_light light);

/* "dozo evidence DIR --clause 12.3.1" */
void evidence_command(size_t clause, char out[EVIDENCE_COMMAND_SIZE]);

struct evidence;

/* Nothing runs yet. service is borrowed until evidence_free. */
enum rc evidence_new(struct op *op, struct service *service,
    struct evidence **ret_evidence) MUST_CHECK;

/*
 * From now on the checks run, on a thread of their own: each after
 * EVIDENCE_FIRST, then EVIDENCE_EVERY. host and port are where the service
 * listens.
 */
enum rc evidence_start(struct op *op, struct evidence *evidence,
    const char *host, uint16_t port) MUST_CHECK;

/* Ends a check that runs, and those who wait for one. Results stay. */
void evidence_stop(struct evidence *evidence); /* accepts NULL */
void evidence_free(struct evidence *evidence); /* stops; accepts NULL */

/*
 * What a clause's last check came to. From memory, any thread. NULL: a service
 * in which nothing has run.
 */
void evidence_get(struct evidence *evidence, size_t clause, enum lang lang,
    struct evidence_result *ret_result);

/*
 * Has a clause (CLAUSES: each that has a check) checked at once, and waits
 * until that is done. RC_BUSY: no checks run here, or they end; RC_TIMEOUT: not
 * done within ten minutes.
 */
enum rc evidence_check(
    struct op *op, struct evidence *evidence, size_t clause) MUST_CHECK;

#endif
