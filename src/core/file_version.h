/*
 * file_version.h - the contents that a file had: seeing them, taking one back,
 * saving one as another file (LOG.md L26). From the second of its deadline on,
 * in service time, a version is one that never existed; so is one whose file is
 * in the trash, until it is restored.
 */
#ifndef DOZO_CORE_FILE_VERSION_H
#define DOZO_CORE_FILE_VERSION_H

#include "core/tree.h"
#include "meta/version.h"

/*
 * Calls each for the versions of a file that op->actor may read, the newest
 * first, up to limit of those with ids under before (INT64_MAX: all); now is
 * service time. RC_NOT_FOUND, RC_DENIED; RC_INVALID for a folder.
 */
enum rc
file_versions(struct op *op, struct meta *meta, int64_t node, int64_t now,
    int64_t before, size_t limit, version_each *each, void *arg) MUST_CHECK;

/* One of them, for reading its content. RC_NOT_FOUND. */
enum rc file_version_find(struct op *op, struct meta *meta, int64_t node,
    int64_t version, int64_t now, struct version *ret_version) MUST_CHECK;

struct file_swap {
	int64_t node;
	int64_t version;
	struct precondition precondition; /* of the file as it is */
};

/*
 * The version becomes the current content, what was current becomes a version
 * with a full new term. As the calls of tree.h.
 */
enum rc file_version_swap(struct op *op, struct tenant *tenant,
    const struct file_swap *swap, struct tree_result *result) MUST_CHECK;

struct file_save_as {
	int64_t node;
	int64_t version;
	struct tree_target to; /* a new name; RC_EXISTS */
};

/* A new file with the version's content and date; the version stays. */
enum rc file_version_save_as(struct op *op, struct tenant *tenant,
    const struct file_save_as *save, struct tree_result *result) MUST_CHECK;

#endif
