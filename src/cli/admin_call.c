/* admin_call.c - the asking end of the admin socket. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/admin.h"
#include "cli/admin_socket.h"

static enum rc
server_find(struct op *op, const struct dir *dir, int *ret_fd)
{
	CLEANUP(io_close)
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	if (fd < 0)
		return op_fail_errno(op, RC_IO, errno, "socket");
	admin_address(dir->fd, &address);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) !=
	    0) {
		/* A socket that nobody listens on is a dead server's. */
		if (errno == ENOENT || errno == ECONNREFUSED)
			return RC_NOT_FOUND;
		return op_fail_errno(
		    op, RC_IO, errno, "%s/" ADMIN_SOCKET, dir->path);
	}
	*ret_fd = fd;
	fd = -1;
	return RC_OK;
}

static enum rc
request_make(
    struct cli *cli, size_t n, const char *const *words, struct buf *buf)
{
	CLEANUP(json_decrefp) json_t *root = json_object();
	json_t *command = json_array();
	json_t *lines = json_array();
	int bad = 0;
	size_t i;

	for (i = 0; i < n; i++)
		bad |= json_array_append_new(command, json_string(words[i]));
	for (i = 0; i < cli->n_lines; i++)
		bad |= json_array_append_new(lines, json_string(cli->lines[i]));
	bad |= json_object_set_new(root, "command", command);
	bad |= json_object_set_new(root, "stdin", lines);
	bad |= json_object_set_new(root, "colour", json_boolean(cli->colour));
	bad |= json_object_set_new(root, "follow", json_integer(cli->follow));
	if (bad != 0)
		FAIL(&cli->op, RC_INVALID, "an argument is not UTF-8");
	return admin_line(&cli->op, root, buf);
}

static enum rc
answer_take(struct cli *cli, struct span bytes, enum cli_exit *ret_exit)
{
	CLEANUP(json_decrefp)
	json_t *root =
	    json_loadb((const char *)bytes.data, bytes.size, 0, NULL);
	const char *out, *err, *progress;
	json_int_t name;
	int end;

	if (json_unpack(root, "{s:i, s:s, s:s, s:I, s:s}", "exit", &end, "out",
		&out, "err", &err, "follow", &name, "progress", &progress) != 0)
		FAIL(&cli->op, RC_IO, "the server ended before it answered");
	cli_print(cli, "%s", out);
	cli_note(cli, "%s", err);
	cli->follow = name;
	(void)str_copy(cli->progress, sizeof(cli->progress), progress);
	*ret_exit = (enum cli_exit)end;
	return RC_OK;
}

enum rc
admin_call(struct cli *cli, const struct dir *dir, size_t n,
    const char *const *words, enum cli_exit *ret_exit)
{
	CLEANUP(io_close) int fd = -1;
	struct buf buf;
	enum rc rc;

	TRY(server_find(&cli->op, dir, &fd));
	buf_init(&buf, 2 * (size_t)CLI_OUTPUT_MAX);
	rc = request_make(cli, n, words, &buf);
	if (rc == RC_OK)
		rc = admin_send(&cli->op, fd, buf_span(&buf));
	if (buf.data != NULL)
		mem_wipe(buf.data, buf.size);
	buf_clear(&buf);
	if (rc == RC_OK)
		rc = admin_receive(&cli->op, fd, &buf);
	if (rc == RC_OK)
		rc = answer_take(cli, buf_span(&buf), ret_exit);
	if (buf.data != NULL)
		mem_wipe(buf.data, buf.capacity);
	buf_release(&buf);
	return rc;
}
