/* rules.h - a small company for the tests of core's rules: two members, an
 * administrator, their spaces. */
#ifndef DOZO_TESTS_RULES_H
#define DOZO_TESTS_RULES_H

#include "core/file_put.h"
#include "core/member.h"
#include "core/path.h"
#include "core/trash.h"
#include "core/tree.h"
#include "lib/fake_tx.h"
#include "lib/test.h"

struct rules {
	struct fake *fake;
	struct tenant *tenant;
	struct meta *meta;
	struct op host; /* no member */
	struct op admin;
	struct op alice;
	struct op bob;
	int64_t company; /* spaces */
	int64_t alices;
	int64_t bobs;
};

/* For cmocka's setup and teardown; *state is a struct rules. */
int rules_setup(void **state);
int rules_teardown(void **state);

extern const struct precondition no_precondition;

/* A target; the name is checked. Fails the test where it is no name. */
struct tree_target at(struct op *op, int64_t parent, const char *name);

/* A new folder; fails the test where it is refused. */
int64_t
make_folder(struct rules *r, struct op *op, int64_t parent, const char *name);

/* An upload of a text (one inline chunk) with a date; the result of file_put.
 */
enum rc
put_text(struct rules *r, struct op *op, int64_t parent, const char *name,
    const char *text, int64_t mtime, struct file_put_result *result);

/* As put_text; fails the test where it is refused. The file's id. */
int64_t make_file(struct rules *r, struct op *op, int64_t parent,
    const char *name, const char *text);

/* The id of a child as stored in the folder, or 0. */
int64_t child(struct rules *r, int64_t parent, const char *name);

/* The row, for asserting; fails the test where it is not there. */
struct node row(struct rules *r, int64_t id);

/* The name as stored. */
const char *name_of(struct rules *r, int64_t id);

/* How many children a folder has, versions a file. */
size_t count_children(struct rules *r, int64_t parent);
size_t count_versions(struct rules *r, int64_t node);

/* The newest version; fails the test where there is none. */
struct version newest_version(struct rules *r, int64_t node);

/* The newest audit row's action; node where it is not NULL. */
int64_t last_action(struct rules *r, int64_t *node);

#endif
