/* admin.c - the serving end of the admin socket. */
#include "cli/admin.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/admin_socket.h"

enum { WORDS_MAX = 128, RECEIVE_SECONDS = 10 };

struct admin {
	struct dir *dir;
	struct service *service;
	struct evidence *evidence;
	int listen_fd;
	int stop_fd;
	atomic_bool stopping;
	size_t n_threads;
	struct thread threads[ADMIN_THREADS];
};

/* ---- one command ---- */

struct request {
	size_t n;
	const char *words[WORDS_MAX];
};

static enum rc
request_read(struct cli *cli, json_t *root, struct request *request)
{
	json_t *command = json_object_get(root, "command");
	json_t *lines = json_object_get(root, "stdin");
	json_t *item;
	size_t i;

	if (!json_is_array(command) || json_array_size(command) > WORDS_MAX ||
	    json_array_size(lines) > CLI_LINES_MAX)
		FAIL(&cli->op, RC_INVALID, "no request");
	json_array_foreach(command, i, item)
	{
		if (!json_is_string(item))
			FAIL(&cli->op, RC_INVALID, "no request");
		request->words[request->n++] = json_string_value(item);
	}
	json_array_foreach(lines, i, item)
	{
		if (!json_is_string(item) ||
		    !str_copy(
			cli->lines[i], CLI_LINE_SIZE, json_string_value(item)))
			FAIL(&cli->op, RC_INVALID,
			    "a line of standard input is too long");
		cli->n_lines++;
	}
	cli->colour = json_is_true(json_object_get(root, "colour"));
	cli->follow = json_integer_value(json_object_get(root, "follow"));
	return RC_OK;
}

static enum cli_exit
command_run(struct admin *admin, struct cli *cli, json_t *root)
{
	struct request request = {0};
	enum rc rc = request_read(cli, root, &request);
	enum cli_exit end;

	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (!cli_parse(cli, request.n, request.words, &end))
		return end;
	if (cli->command->need == CLI_ALONE)
		return cli_misused(cli,
		    "dozo %s does not run inside the server",
		    cli->command->name);
	cli->dir = admin->dir;
	cli->service = admin->service;
	cli->evidence = admin->evidence;
	cli->served = true;
	cli->stop = &admin->stopping;
	if (cli->follow == 0)
		log_info(
		    &cli->op, "command", "name=\"%s\"", cli->command->name);
	return cli->command->run(cli);
}

static enum rc
answer_make(struct cli *cli, enum cli_exit end, struct buf *buf)
{
	CLEANUP(json_decrefp) json_t *root = NULL;

	/* Names that are no UTF-8 cannot come here: everything stored is
	 * checked. */
	root = json_pack("{s:i, s:s%, s:s%, s:I, s:s}", "exit",
	    cli->lost ? CLI_FAILED : (int)end, "out",
	    cli->out.data != NULL ? (const char *)cli->out.data : "",
	    cli->out.size, "err",
	    cli->err.data != NULL ? (const char *)cli->err.data : "",
	    cli->err.size, "follow", (json_int_t)cli->follow, "progress",
	    cli->progress);
	return admin_line(&cli->op, root, buf);
}

static void
wipe_release(struct buf *buf)
{
	if (buf->data != NULL)
		mem_wipe(buf->data, buf->capacity);
	buf_release(buf);
}

static enum rc
request_serve(struct admin *admin, struct cli *cli, int fd)
{
	CLEANUP(wipe_release) struct buf in;
	CLEANUP(wipe_release) struct buf answer;
	CLEANUP(json_decrefp) json_t *root = NULL;
	enum cli_exit end;

	buf_init(&in, ADMIN_REQUEST_MAX);
	buf_init(&answer, 2 * (size_t)CLI_OUTPUT_MAX);
	TRY(admin_receive(&cli->op, fd, &in));
	root = json_loadb((const char *)in.data, in.size, 0, NULL);
	if (in.data != NULL)
		mem_wipe(in.data, in.size);
	end = command_run(admin, cli, root);
	op_clear_error(&cli->op);
	TRY(answer_make(cli, end, &answer));
	return admin_send(&cli->op, fd, buf_span(&answer));
}

static void
connection_serve(struct admin *admin, int fd)
{
	struct timeval limit = {.tv_sec = RECEIVE_SECONDS};
	struct cli *cli = mem_alloc(sizeof(*cli));
	enum rc rc;

	if (cli == NULL)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	cli_init(cli);
	rc = request_serve(admin, cli, fd);
	if (rc != RC_OK)
		log_warn(&cli->op, "admin-socket", "why=\"%s\"",
		    op_error(&cli->op, rc));
	cli_release(cli);
	mem_free(cli);
}

/* ---- the threads ---- */

static void
admin_thread(void *arg)
{
	struct admin *admin = arg;
	struct pollfd polls[2] = {
	    {.fd = admin->listen_fd, .events = POLLIN},
	    {.fd = admin->stop_fd, .events = POLLIN},
	};

	for (;;) {
		CLEANUP(io_close) int fd = -1;

		if (poll(polls, 2, -1) < 0)
			continue;
		if (atomic_load(&admin->stopping))
			return;
		/* Another thread may have been quicker. */
		fd = accept4(admin->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			connection_serve(admin, fd);
	}
}

static enum rc
socket_listen(struct op *op, struct admin *admin)
{
	struct sockaddr_un address;
	enum rc rc = io_unlink(op, admin->dir->fd, ADMIN_SOCKET);

	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	admin->listen_fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The mode of the socket's file is that of the socket, so there is no
	 * moment without it. */
	if (admin->listen_fd < 0 || fchmod(admin->listen_fd, 0600) != 0)
		return op_fail_errno(op, RC_IO, errno, "socket");
	admin_address(admin->dir->fd, &address);
	if (bind(admin->listen_fd, (const struct sockaddr *)&address,
		sizeof(address)) != 0 ||
	    listen(admin->listen_fd, 16) != 0)
		return op_fail_errno(
		    op, RC_IO, errno, "%s/" ADMIN_SOCKET, admin->dir->path);
	admin->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (admin->stop_fd < 0)
		return op_fail_errno(op, RC_IO, errno, "eventfd");
	return RC_OK;
}

static enum rc
threads_start(struct op *op, struct admin *admin)
{
	while (admin->n_threads < ADMIN_THREADS) {
		TRY(thread_start(op, &admin->threads[admin->n_threads], "admin",
		    admin_thread, admin));
		admin->n_threads++;
	}
	return RC_OK;
}

enum rc
admin_start(struct op *op, struct dir *dir, struct service *service,
    struct evidence *evidence, struct admin **ret_admin)
{
	struct admin *admin = mem_alloc(sizeof(*admin));
	enum rc rc;

	if (admin == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	admin->dir = dir;
	admin->service = service;
	admin->evidence = evidence;
	admin->listen_fd = admin->stop_fd = -1;
	rc = socket_listen(op, admin);
	if (rc == RC_OK)
		rc = threads_start(op, admin);
	if (rc != RC_OK) {
		admin_stop(admin);
		return rc;
	}
	*ret_admin = admin;
	return RC_OK;
}

void
admin_stop(struct admin *admin)
{
	CLEANUP(op_release) struct op op;
	uint64_t one = 1;
	size_t i;

	if (admin == NULL)
		return;
	op_init(&op);
	atomic_store(&admin->stopping, true);
	if (admin->stop_fd >= 0 && write(admin->stop_fd, &one, sizeof(one)) < 0)
		log_warn(&op, "admin-socket", "why=\"eventfd\"");
	for (i = 0; i < admin->n_threads; i++)
		thread_join(&admin->threads[i]);
	if (admin->listen_fd >= 0 &&
	    io_unlink(&op, admin->dir->fd, ADMIN_SOCKET) != RC_OK)
		op_clear_error(&op);
	io_close(&admin->listen_fd);
	io_close(&admin->stop_fd);
	mem_free(admin);
}
