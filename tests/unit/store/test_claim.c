/* test_claim.c - claims under two registers, and claims of one server that
 * follow on one another (LOG.md L2, L20). */
#include "store/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/test.h"

enum { A, B, C, D, SITES };

static const char *const names[SITES] = {"a", "b", "c", "d"};
static const uint8_t service_id[OBJECT_ID_SIZE] = {7};

struct place {
	char *path;
	struct op op;
	struct site_register old, new; /* a b c; b c d */
};

static void
site_url(const struct place *p, size_t i, char out[400])
{
	(void)snprintf(out, 400, "dir:%.300s/%s", p->path, names[i]);
}

static struct site_register
make_register(uint64_t version, size_t first)
{
	struct site_register reg = {.version = version, .m = 2, .n = 3};
	size_t i;

	for (i = 0; i < 3; i++)
		reg.ids[i][0] = (uint8_t)(1 + first + i);
	return reg;
}

static void
place_make(struct place *p)
{
	uint8_t id[OBJECT_ID_SIZE] = {0};
	char url[400];
	size_t i;

	memset(p, 0, sizeof(*p));
	op_init(&p->op);
	p->path = test_sandbox();
	p->old = make_register(1, A);
	p->new = make_register(2, B);
	for (i = 0; i < SITES; i++) {
		id[0] = (uint8_t)(1 + i);
		site_url(p, i, url);
		ASSERT_OK(
		    &p->op, site_create(&p->op, url, service_id, id, names[i]));
	}
}

static void
place_end(struct place *p)
{
	test_sandbox_remove(p->path);
	op_release(&p->op);
}

/* A server's own view of the sites. */
static struct sites *
server_make(struct place *p)
{
	uint8_t id[OBJECT_ID_SIZE] = {0};
	struct sites *sites;
	struct site *site;
	char url[400];
	size_t i;

	ASSERT_OK(&p->op, sites_new(&p->op, &sites));
	for (i = 0; i < SITES; i++) {
		id[0] = (uint8_t)(1 + i);
		site_url(p, i, url);
		ASSERT_OK(&p->op,
		    site_open(&p->op, url, service_id, id, names[i], &site));
		ASSERT_OK(&p->op, sites_add(&p->op, sites, site));
	}
	ASSERT_OK(&p->op, sites_start(&p->op, sites));
	return sites;
}

static struct claim *
claim_make(struct place *p, struct sites *sites)
{
	struct claim *claim;

	ASSERT_OK(&p->op, claim_new(&p->op, sites, &claim));
	ASSERT_OK(&p->op, claim_take(&p->op, claim, &p->old, "test"));
	return claim;
}

/* The next step's claim, taken; RC_OK, or why not, and the former stays. */
static enum rc
claim_step(struct place *p, struct claim **claim, uint32_t n,
    const struct site_register *registers)
{
	struct claim *next;
	enum rc rc;

	ASSERT_OK(&p->op, claim_follow(&p->op, *claim, n, registers, &next));
	rc = claim_take(&p->op, next, NULL, "test");
	if (rc == RC_OK) {
		*claim = next;
		return RC_OK;
	}
	next->former = NULL;
	claim_free(next);
	return rc;
}

static struct claim *
joint_make(struct place *p, struct sites *sites)
{
	const struct site_register both[] = {p->old, p->new};
	struct claim *claim = claim_make(p, sites);

	ASSERT_OK(&p->op, claim_step(p, &claim, 2, both));
	return claim;
}

static struct site_set
set_of(unsigned bits)
{
	return (struct site_set){bits};
}

static void
under_two_registers_as_many_of_each_are_needed(void **state)
{
	struct place p;
	struct sites *sites;
	struct claim *claim;

	(void)state;
	place_make(&p);
	sites = server_make(&p);
	claim = joint_make(&p, sites);
	assert_int_equal(claim->n_registers, 2);
	assert_int_equal(claim->of_register.bits, 0xf);
	assert_int_equal(claim_register(claim)->version, 2);
	/* m, R and max(m, R) are 2 of a, b, c and 2 of b, c, d. */
	assert_true(claim_has_m(claim, set_of(0x6))); /* b c */
	assert_true(claim_has_m(claim, set_of(0xb))); /* a b d */
	assert_false(claim_has_m(claim, set_of(0x3))); /* a b */
	assert_false(claim_has_m(claim, set_of(0xc))); /* c d */
	assert_false(claim_has_m(claim, set_of(0x9))); /* a d */
	assert_true(claim_has_r(claim, set_of(0x6)));
	assert_false(claim_has_r(claim, set_of(0x3)));
	assert_false(claim_has_quorum(claim, set_of(0xc)));
	assert_true(claim_has_quorum(claim, set_of(0xf)));
	claim_free(claim);
	sites_free(sites);
	place_end(&p);
}

static void
without_a_register_no_set_is_enough(void **state)
{
	struct place p;
	struct sites *sites;
	struct claim *claim;

	(void)state;
	place_make(&p);
	sites = server_make(&p);
	ASSERT_OK(&p.op, claim_new(&p.op, sites, &claim));
	assert_false(claim_has_m(claim, set_of(0xf)));
	assert_false(claim_has_r(claim, set_of(0xf)));
	assert_false(claim_has_quorum(claim, set_of(0xf)));
	claim_free(claim);
	sites_free(sites);
	place_end(&p);
}

static void
one_servers_claims_overtake_none_of_them_and_anothers_all(void **state)
{
	struct place p;
	struct sites *one, *two;
	struct claim *claim, *first, *other;

	(void)state;
	place_make(&p);
	one = server_make(&p);
	claim = joint_make(&p, one);
	first = claim->former;
	assert_int_equal(claim->counter, first->counter + 1);
	assert_int_equal(claim->oldest, first->counter);
	ASSERT_OK(&p.op, claim_check(&p.op, first, B));
	ASSERT_OK(&p.op, claim_check(&p.op, claim, B));
	assert_int_equal(claim_sites(first).bits, 0x7);
	two = server_make(&p);
	ASSERT_OK(&p.op, claim_new(&p.op, two, &other));
	ASSERT_OK(&p.op, claim_take(&p.op, other, NULL, "other"));
	/* It goes on where the first server was. */
	assert_int_equal(other->n_registers, 2);
	assert_int_equal(other->oldest, other->counter);
	ASSERT_RC(&p.op, RC_FENCED, claim_check(&p.op, first, B));
	ASSERT_RC(&p.op, RC_FENCED, claim_check(&p.op, claim, B));
	assert_int_equal(claim_sites(first).bits, 0);
	claim_free(other);
	sites_free(two);
	claim_free(claim);
	sites_free(one);
	place_end(&p);
}

static void
the_new_register_rules_alone_only_where_enough_of_the_old_one_agree(
    void **state)
{
	struct place p;
	struct sites *sites;
	struct claim *claim;
	char command[900];
	uint64_t counter;

	(void)state;
	place_make(&p);
	sites = server_make(&p);
	claim = joint_make(&p, sites);
	counter = claim->counter;
	/* c and d are enough of the new one. */
	(void)snprintf(command, sizeof(command),
	    "cd '%.300s' && mv a a.away && mv b b.away", p.path);
	assert_int_equal(system(command), 0);
	ASSERT_RC(&p.op, RC_UNPROVEN, claim_step(&p, &claim, 1, &p.new));
	(void)snprintf(command, sizeof(command),
	    "cd '%.300s' && mv a.away a && mv b.away b && "
	    "test $(ls d/fence | wc -l) = %u",
	    p.path, (unsigned)counter);
	assert_int_equal(system(command), 0);
	assert_true(sites_try(&p.op, sites, A));
	assert_true(sites_try(&p.op, sites, B));
	assert_true(claim_stands(claim));
	ASSERT_OK(&p.op, claim_step(&p, &claim, 1, &p.new));
	assert_int_equal(claim->n_registers, 1);
	assert_int_equal(claim_register(claim)->version, 2);
	/* Its fence stands on the site that leaves too, which does not count.
	 */
	assert_true(site_set_has(claim->fenced, A));
	assert_int_equal(claim_sites(claim).bits, 0xe);
	claim_free(claim);
	sites_free(sites);
	place_end(&p);
}

static void
a_step_that_was_made_before_is_not_made_again(void **state)
{
	struct place p;
	struct sites *one, *two;
	struct claim *claim, *late;
	const struct site_register both[] = {
	    make_register(1, A), make_register(2, B)};

	(void)state;
	place_make(&p);
	one = server_make(&p);
	claim = joint_make(&p, one);
	ASSERT_OK(&p.op, claim_step(&p, &claim, 1, &p.new));
	/* Whoever still wants both finds the new one alone in force. */
	two = server_make(&p);
	ASSERT_OK(&p.op, claim_new(&p.op, two, &late));
	ASSERT_OK(&p.op, claim_take(&p.op, late, NULL, "late"));
	assert_int_equal(late->n_registers, 1);
	ASSERT_OK(&p.op, claim_step(&p, &late, 2, both));
	assert_int_equal(late->n_registers, 1);
	assert_int_equal(claim_register(late)->version, 2);
	claim_free(late);
	sites_free(two);
	claim_free(claim);
	sites_free(one);
	place_end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(under_two_registers_as_many_of_each_are_needed),
	    cmocka_unit_test(without_a_register_no_set_is_enough),
	    cmocka_unit_test(
		one_servers_claims_overtake_none_of_them_and_anothers_all),
	    cmocka_unit_test(
		the_new_register_rules_alone_only_where_enough_of_the_old_one_agree),
	    cmocka_unit_test(a_step_that_was_made_before_is_not_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
