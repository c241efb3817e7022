/* admin_socket.c - lines of JSON over a Unix socket. */
#include "cli/admin_socket.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/admin.h"

enum { STEP = 16 << 10 };

void
admin_address(int dir_fd, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(ret_address->sun_path, sizeof(ret_address->sun_path),
	    "/proc/self/fd/%d/" ADMIN_SOCKET, dir_fd);
}

enum rc
admin_receive(struct op *op, int fd, struct buf *buf)
{
	uint8_t *room;
	ssize_t n;

	for (;;) {
		size_t step = buf->limit - buf->size < STEP
				  ? buf->limit - buf->size
				  : STEP;

		if (step == 0)
			FAIL(op, RC_LIMIT,
			    "a line on the admin socket is too long");
		TRY(buf_grow(op, buf, step, &room));
		do
			n = recv(fd, room, step, 0);
		while (n < 0 && errno == EINTR);
		buf->size -= n > 0 ? step - (size_t)n : step;
		if (n < 0)
			return op_fail_errno(
			    op, RC_IO, errno, "the admin socket");
		if (n == 0 || memchr(room, '\n', (size_t)n) != NULL)
			return RC_OK;
	}
}

enum rc
admin_send(struct op *op, int fd, struct span bytes)
{
	size_t at = 0;

	while (at < bytes.size) {
		ssize_t n =
		    send(fd, bytes.data + at, bytes.size - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return op_fail_errno(
			    op, RC_IO, errno, "the admin socket");
		at += (size_t)n;
	}
	return RC_OK;
}

struct line {
	struct op *op;
	struct buf *buf;
};

static int
line_add(const char *text, size_t size, void *arg)
{
	struct line *line = arg;

	return buf_add(line->op, line->buf, span_of(text, size)) == RC_OK ? 0
									  : -1;
}

enum rc
admin_line(struct op *op, const struct json_t *root, struct buf *buf)
{
	struct line line = {op, buf};

	if (root == NULL ||
	    json_dump_callback(root, line_add, &line, JSON_COMPACT) != 0)
		return op_fail(op, RC_NO_MEMORY, "out of memory");
	return buf_add_str(op, buf, "\n");
}
