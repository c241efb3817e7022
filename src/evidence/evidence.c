/* evidence.c - the thread that runs the checks, and their results. */
#include "evidence/evidence.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "evidence/check.h"

enum { HOST_SIZE = 256, NOW_S = 600 };

/* The checks that there are. */
static const struct {
	const char *number;
	check_run *run;
} checks[] = {
    {"10.1.1", check_secret},
    {"12.3.1", check_copies},
};
enum { CHECKS = ARRAY_LEN(checks) };

struct outcome {
	bool known;
	bool satisfied;
	int64_t wall;
	int64_t boot; /* clock_boot(): how old it is */
	char checked[2][EVIDENCE_TEXT_SIZE];
	char detail[OP_ERROR_SIZE];
};

struct evidence {
	struct service *service;
	char host[HOST_SIZE];
	uint16_t port;
	struct thread thread;

	struct mutex lock; /* guards what follows */
	struct cond changed;
	bool runs;
	bool stopping;
	int64_t due[CHECKS]; /* clock_mono() */
	uint64_t asked[CHECKS]; /* tickets */
	uint64_t done[CHECKS]; /* the last ticket that a run began after */
	struct outcome outcomes[CHECKS];

	struct outcome fresh; /* the thread's own */
};

/* ---- words ---- */

const char *
evidence_word(enum evidence_light light)
{
	static const char *const words[] = {
	    [EVIDENCE_SATISFIED] = "satisfied",
	    [EVIDENCE_NOT_SATISFIED] = "not_satisfied",
	    [EVIDENCE_NOT_YET_COVERED] = "not_yet_covered",
	};

	return words[light];
}

void
evidence_command(size_t clause, char out[EVIDENCE_COMMAND_SIZE])
{
	(void)snprintf(out, EVIDENCE_COMMAND_SIZE,
	    "dozo evidence DIR --clause %s", clauses[clause].number);
}

/* ---- results ---- */

/* The check of a clause, or CHECKS. */
static size_t
check_of(size_t clause)
{
	size_t i;

	for (i = 0; i < CHECKS; i++)
		if (clause_find(checks[i].number) == clause)
			break;
	return i;
}

static void
say(struct evidence_result *result, const char *text)
{
	(void)str_copy(result->checked, sizeof(result->checked), text);
}

static void
result_of(const struct outcome *outcome, enum lang lang,
    struct evidence_result *result)
{
	static const char *const never[] = {
	    [LANG_JA] = "サービスを開始してから、まだ確認していません。最初の確"
			"認は開始から 1 分以内に行います。",
	    [LANG_EN] = "Not checked yet since the service was started; the "
			"first check comes within a minute of the start.",
	};
	static const char *const old[] = {
	    [LANG_JA] = "最後の確認から 1 時間以上たったので、満たしているとは"
			"言えません。",
	    [LANG_EN] = "The last check was more than an hour ago, so it no "
			"longer counts.",
	};

	result->light = EVIDENCE_NOT_SATISFIED;
	if (!outcome->known) {
		say(result, never[lang]);
		return;
	}
	result->checked_at = outcome->wall;
	if (clock_boot() - outcome->boot > EVIDENCE_OLD) {
		say(result, old[lang]);
		return;
	}
	if (outcome->satisfied)
		result->light = EVIDENCE_SATISFIED;
	say(result, outcome->checked[lang]);
	(void)str_copy(result->detail, sizeof(result->detail), outcome->detail);
}

void
evidence_get(struct evidence *evidence, size_t clause, enum lang lang,
    struct evidence_result *ret_result)
{
	static const char *const none[] = {
	    [LANG_JA] = "自動で確かめる仕組みは、まだありません。",
	    [LANG_EN] = "Nothing checks this by itself yet.",
	};
	static const struct outcome unknown;
	size_t i = check_of(clause);

	*ret_result = (struct evidence_result){0};
	if (i == CHECKS) {
		ret_result->light = EVIDENCE_NOT_YET_COVERED;
		say(ret_result, none[lang]);
		return;
	}
	if (evidence == NULL) {
		result_of(&unknown, lang, ret_result);
		return;
	}
	mutex_lock(&evidence->lock);
	result_of(&evidence->outcomes[i], lang, ret_result);
	mutex_unlock(&evidence->lock);
}

/* ---- running ---- */

enum rc
check_pause(struct op *op, struct check *check, int64_t ns)
{
	struct evidence *e = check->evidence;
	int64_t until = clock_mono() + ns;
	bool stopping;

	mutex_lock(&e->lock);
	while (!e->stopping && clock_mono() < until)
		(void)cond_wait_until(&e->changed, &e->lock, until);
	stopping = e->stopping;
	mutex_unlock(&e->lock);
	if (stopping)
		FAIL(op, RC_BUSY, "the service is being stopped");
	if (clock_mono() > check->deadline)
		FAIL(op, RC_TIMEOUT, "the check took too long");
	return RC_OK;
}

enum rc
check_await_sites(struct op *op, struct check *check, uint64_t number,
    struct site_set sites, struct site_set *ret_left)
{
	struct lanes *lanes = &check->canary.tenant->lanes;
	int64_t until = clock_mono() + 10 * CLOCK_S;

	for (;;) {
		struct site_set holding = lanes_holding(lanes, number);

		ret_left->bits = sites.bits & ~holding.bits;
		if (ret_left->bits == 0 || clock_mono() > until)
			return RC_OK;
		TRY(check_pause(op, check, 20 * CLOCK_MS));
	}
}

/* A check that could not be made shows nothing. */
static void
broken_off(struct check *check, const char *number)
{
	check->satisfied = false;
	CHECK_SAY(check,
	    "確認を最後まで行えませんでした(項番 %s)。運営者は dozo evidence "
	    "で理由を見られます。",
	    "The check of %s could not be made to its end; dozo evidence tells "
	    "the operator why.",
	    number);
}

static void
one_run(struct evidence *e, size_t i, struct outcome *outcome)
{
	CLEANUP(op_release) struct op op;
	struct check *check = mem_alloc(sizeof(*check));
	enum rc rc = RC_NO_MEMORY;

	op_init(&op);
	*outcome = (struct outcome){.known = check != NULL};
	if (check == NULL)
		return;
	check->evidence = e;
	check->service = e->service;
	check->deadline = clock_mono() + CHECK_TIME;
	check->host = e->host;
	check->port = e->port;
	rc = canary_open(&op, e->service, &check->canary);
	if (rc == RC_OK)
		rc = checks[i].run(&op, check);
	if (rc != RC_OK) {
		broken_off(check, checks[i].number);
		(void)str_copy(outcome->detail, sizeof(outcome->detail),
		    op_error(&op, rc));
		op_clear_error(&op);
	}
	/* What a run left goes at once; else with the next one. */
	if (check->canary.tenant != NULL) {
		rc = canary_tidy(&op, &check->canary);
		op_clear_error(&op);
	}
	canary_close(&check->canary);
	outcome->satisfied = check->satisfied;
	memcpy(outcome->checked, check->checked, sizeof(outcome->checked));
	outcome->wall = clock_wall();
	outcome->boot = clock_boot();
	mem_free(check);
}

/* Told where a light changes, and while it is red. */
static void
outcome_tell(size_t i, const struct outcome *before, const struct outcome *now)
{
	if (now->satisfied && before->known && before->satisfied)
		return;
	log_line(now->satisfied ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, NULL,
	    "evidence", "clause=%s light=%s checked=\"%s\" why=\"%s\"",
	    checks[i].number,
	    evidence_word(
		now->satisfied ? EVIDENCE_SATISFIED : EVIDENCE_NOT_SATISFIED),
	    now->checked[LANG_EN], now->detail);
}

/* The check that is to run now, or CHECKS; *ret_until: nothing is due before.
 */
static size_t
check_next(const struct evidence *e, int64_t *ret_until)
{
	int64_t now = clock_mono(), until = INT64_MAX;
	size_t i;

	for (i = 0; i < CHECKS; i++)
		if (e->asked[i] > e->done[i])
			return i;
	for (i = 0; i < CHECKS; i++) {
		if (e->due[i] <= now)
			return i;
		if (e->due[i] < until)
			until = e->due[i];
	}
	*ret_until = until;
	return CHECKS;
}

static void
check_once(struct evidence *e, size_t i)
{
	uint64_t ticket = e->asked[i];

	mutex_unlock(&e->lock);
	one_run(e, i, &e->fresh);
	mutex_lock(&e->lock);
	if (e->stopping)
		return;
	outcome_tell(i, &e->outcomes[i], &e->fresh);
	e->outcomes[i] = e->fresh;
	e->done[i] = ticket;
	e->due[i] = clock_mono() + EVIDENCE_EVERY;
	cond_broadcast(&e->changed);
}

static void
evidence_thread(void *arg)
{
	struct evidence *e = arg;
	int64_t until = 0;
	size_t i;

	mutex_lock(&e->lock);
	while (!e->stopping) {
		i = check_next(e, &until);
		if (i < CHECKS)
			check_once(e, i);
		else
			(void)cond_wait_until(&e->changed, &e->lock, until);
	}
	mutex_unlock(&e->lock);
}

enum rc
evidence_new(
    struct op *op, struct service *service, struct evidence **ret_evidence)
{
	struct evidence *e = mem_alloc(sizeof(*e));

	if (e == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	e->service = service;
	mutex_init(&e->lock);
	cond_init(&e->changed);
	*ret_evidence = e;
	return RC_OK;
}

enum rc
evidence_start(
    struct op *op, struct evidence *evidence, const char *host, uint16_t port)
{
	struct evidence *e = evidence;
	size_t i;

	if (!str_copy(e->host, sizeof(e->host), host))
		FAIL(op, RC_INVALID, "the host's name is too long");
	e->port = port;
	for (i = 0; i < CHECKS; i++)
		e->due[i] = clock_mono() + EVIDENCE_FIRST;
	e->stopping = false;
	TRY(thread_start(op, &e->thread, "evidence", evidence_thread, e));
	mutex_lock(&e->lock);
	e->runs = true;
	mutex_unlock(&e->lock);
	return RC_OK;
}

void
evidence_stop(struct evidence *evidence)
{
	bool runs;

	if (evidence == NULL)
		return;
	mutex_lock(&evidence->lock);
	runs = evidence->runs;
	evidence->runs = false;
	evidence->stopping = true;
	cond_broadcast(&evidence->changed);
	mutex_unlock(&evidence->lock);
	if (runs)
		thread_join(&evidence->thread);
}

void
evidence_free(struct evidence *evidence)
{
	if (evidence == NULL)
		return;
	evidence_stop(evidence);
	cond_release(&evidence->changed);
	mutex_release(&evidence->lock);
	mem_free(evidence);
}

/* ---- at once ---- */

enum rc
evidence_check(struct op *op, struct evidence *evidence, size_t clause)
{
	int64_t until = clock_mono() + NOW_S * CLOCK_S;
	uint64_t tickets[CHECKS] = {0};
	MUTEX_GUARD(&evidence->lock);
	size_t i;

	for (i = 0; i < CHECKS; i++)
		if (clause == CLAUSES || check_of(clause) == i)
			tickets[i] = ++evidence->asked[i];
	cond_broadcast(&evidence->changed);
	for (i = 0; i < CHECKS; i++)
		while (evidence->done[i] < tickets[i]) {
			if (!evidence->runs)
				FAIL(op, RC_BUSY, "no checks run here");
			if (clock_mono() > until)
				FAIL(op, RC_TIMEOUT,
				    "the check is not done after %d minutes",
				    NOW_S / 60);
			(void)cond_wait_until(
			    &evidence->changed, &evidence->lock, until);
		}
	return RC_OK;
}
