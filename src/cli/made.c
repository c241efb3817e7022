/* made.c - making folders, and taking them away again. */
#include "cli/made.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/str.h"

/* Its own name, and the folder above it. */
static bool
split(const char *path, char above[MADE_PATH_SIZE], const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t size = (size_t)(slash - path);

	if (size == 0)
		size = 1; /* "/" */
	if (size >= MADE_PATH_SIZE)
		return false;
	memcpy(above, path, size);
	above[size] = '\0';
	*ret_name = slash + 1;
	return true;
}

static enum rc
absolute(struct op *op, const char *path, char out[MADE_PATH_SIZE])
{
	char here[PATH_MAX] = "";
	size_t size;
	int n;

	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return op_fail_errno(op, RC_IO, errno, "the working folder");
	n = snprintf(out, MADE_PATH_SIZE, "%s%s%s", path[0] == '/' ? "" : here,
	    path[0] == '/' ? "" : "/", path);
	if (path[0] == '\0' || n < 0 || n >= MADE_PATH_SIZE)
		FAIL(op, RC_INVALID, "a path is empty or longer than %d bytes",
		    MADE_PATH_SIZE - 1);
	size = (size_t)n;
	while (size > 1 && out[size - 1] == '/')
		out[--size] = '\0';
	return RC_OK;
}

/* "a/b" of "a" and "b"; one of them may be empty. RC_INVALID where that is too
 * long. */
static enum rc
join(struct op *op, const char *first, const char *second,
    char out[MADE_PATH_SIZE])
{
	char joined[2 * PATH_MAX];
	const char *between = *first != '\0' && *second != '\0' ? "/" : "";

	(void)snprintf(joined, sizeof(joined), "%.*s%s%.*s", PATH_MAX - 1,
	    first, between, PATH_MAX - 1, second);
	if (!str_copy(out, MADE_PATH_SIZE, joined))
		FAIL(op, RC_INVALID, "a path is longer than %d bytes",
		    MADE_PATH_SIZE - 1);
	return RC_OK;
}

/* Takes the last name off a path that is not there. */
static enum rc
step_up(struct op *op, const char *path, char there[MADE_PATH_SIZE],
    char rest[MADE_PATH_SIZE])
{
	char above[MADE_PATH_SIZE];
	const char *name;

	if (errno != ENOENT || !split(there, above, &name) ||
	    strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
		return op_fail_errno(op, RC_INVALID, errno, "%s", path);
	TRY(join(op, name, rest, rest));
	memcpy(there, above, sizeof(above));
	return RC_OK;
}

enum rc
made_resolve(struct op *op, const char *path, char ret_path[MADE_PATH_SIZE])
{
	char there[MADE_PATH_SIZE];
	char rest[MADE_PATH_SIZE] = "";
	char resolved[PATH_MAX];

	TRY(absolute(op, path, there));
	/* Up to the first folder that is there; what lies below it is only
	 * names. */
	while (realpath(there, resolved) == NULL)
		TRY(step_up(op, path, there, rest));
	if (strcmp(resolved, "/") != 0)
		return join(op, resolved, rest, ret_path);
	ret_path[0] = '/';
	if (!str_copy(ret_path + 1, MADE_PATH_SIZE - 1, rest))
		FAIL(op, RC_INVALID, "%s is too long", path);
	return RC_OK;
}

static enum rc
refuse_entry(void *arg, struct op *op, const char *name)
{
	FAIL(op, RC_EXISTS, "%s is not empty (%s is in it)", (const char *)arg,
	    name);
}

/* The highest folder of the path that is not there, or "". */
static enum rc
top_find(struct op *op, const char *path, char top[MADE_PATH_SIZE])
{
	char at[MADE_PATH_SIZE], above[MADE_PATH_SIZE];
	const char *name;

	top[0] = '\0';
	(void)str_copy(at, sizeof(at), path);
	while (access(at, F_OK) != 0) {
		if (errno != ENOENT)
			return op_fail_errno(op, RC_INVALID, errno, "%s", at);
		(void)str_copy(top, MADE_PATH_SIZE, at);
		if (!split(at, above, &name))
			break;
		memcpy(at, above, sizeof(at));
	}
	return RC_OK;
}

enum rc
made_folder(struct op *op, struct made *made, const char *path)
{
	CLEANUP(io_close) int root_fd = -1;
	CLEANUP(io_close) int fd = -1;
	struct made_folder *folder;

	if (made->n == MADE_MAX)
		FAIL(op, RC_LIMIT, "too many folders");
	folder = &made->folders[made->n];
	if (!str_copy(folder->path, sizeof(folder->path), path))
		FAIL(op, RC_INVALID, "%s is too long", path);
	TRY(top_find(op, path, folder->top));
	TRY(io_open_root(op, "/", &root_fd));
	if (folder->top[0] != '\0')
		made->n++;
	TRY(io_open_dir(op, root_fd, path + 1, true, &fd));
	if (fd < 0)
		FAIL(op, RC_EXISTS, "/ is not empty");
	TRY(io_list(op, fd, refuse_entry, (void *)(uintptr_t)path));
	if (folder->top[0] == '\0')
		made->n++;
	return RC_OK;
}

static enum rc
folder_undo(struct op *op, const struct made_folder *folder)
{
	const char *goes = folder->top[0] != '\0' ? folder->top : folder->path;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(io_close) int above_fd = -1;
	char above[MADE_PATH_SIZE];
	const char *name;

	TRY(io_open_root(op, goes, &fd));
	TRY(io_remove_below(op, fd));
	if (folder->top[0] == '\0' || !split(goes, above, &name))
		return RC_OK;
	TRY(io_open_root(op, above, &above_fd));
	return io_remove_dir(op, above_fd, name);
}

void
made_undo(struct made *made)
{
	CLEANUP(op_release) struct op op;
	enum rc rc;

	op_init(&op);
	while (made->n > 0) {
		rc = folder_undo(&op, &made->folders[--made->n]);
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			log_error(
			    &op, "not-undone", "why=\"%s\"", op_error(&op, rc));
		op_clear_error(&op);
	}
}
