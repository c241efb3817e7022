/* test_clause.c - the clauses stand in the document's order, in both languages,
 * and what is checked has a check. */
#include <string.h>

#include "evidence/clause.h"
#include "evidence/evidence.h"
#include "lib/test.h"

static void
the_clauses_stand_in_the_order_of_the_document(void **state)
{
	static const char *const order[CLAUSES] = {"4.1", "CLD.8.1.5", "10.1.1",
	    "11.2.7", "12.1.2", "12.3.1", "15.1.2", "16.1.1", "16.1.2",
	    "18.2.1"};
	size_t i;

	(void)state;
	for (i = 0; i < CLAUSES; i++) {
		assert_string_equal(clauses[i].number, order[i]);
		assert_int_equal(clause_find(order[i]), i);
		assert_true(strlen(clauses[i].title[LANG_JA]) > 5);
		assert_true(strlen(clauses[i].title[LANG_EN]) > 5);
		assert_true(strlen(clauses[i].what[LANG_JA]) > 30);
		assert_true(strlen(clauses[i].what[LANG_EN]) > 30);
	}
	assert_int_equal(clause_find("cld.8.1.5"), 1);
	assert_int_equal(clause_find("9.9.9"), CLAUSES);
	assert_int_equal(clause_find(""), CLAUSES);
}

/* Where no service runs nothing is satisfied, and nothing is hidden. */
static void
without_a_check_a_clause_is_not_yet_covered(void **state)
{
	struct evidence_result result;
	char command[EVIDENCE_COMMAND_SIZE];
	enum lang lang;
	size_t i;

	(void)state;
	for (i = 0; i < CLAUSES; i++)
		for (lang = LANG_JA; lang <= LANG_EN; lang++) {
			evidence_get(NULL, i, lang, &result);
			assert_int_equal(result.light,
			    clauses[i].checked ? EVIDENCE_NOT_SATISFIED
					       : EVIDENCE_NOT_YET_COVERED);
			assert_int_equal(result.checked_at, 0);
			assert_true(strlen(result.checked) > 20);
		}
	evidence_command(clause_find("CLD.8.1.5"), command);
	assert_string_equal(command, "dozo evidence DIR --clause CLD.8.1.5");
	assert_string_equal(
	    evidence_word(EVIDENCE_NOT_YET_COVERED), "not_yet_covered");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_clauses_stand_in_the_order_of_the_document),
	    cmocka_unit_test(without_a_check_a_clause_is_not_yet_covered),
	};

	return cmocka_run_group_tests_name("clause", tests, NULL, NULL);
}
