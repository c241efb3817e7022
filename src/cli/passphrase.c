/* passphrase.c - the passphrase of the master key: from a descriptor, a file
 * that dozo.conf names, or the terminal. */
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/terminal.h"

void
passphrase_forget(struct passphrase *passphrase)
{
	mem_wipe(passphrase->text, sizeof(passphrase->text));
	passphrase->known = false;
}

struct span
passphrase_span(const struct passphrase *passphrase)
{
	return span_of(passphrase->known ? passphrase->text : NULL,
	    strlen(passphrase->text));
}

/* A line, byte by byte: what follows it is somebody else's. */
static enum rc
line_take(struct op *op, struct passphrase *p, int fd, const char *what)
{
	size_t n = 0;
	ssize_t got;
	char byte;

	for (;;) {
		do
			got = read(fd, &byte, 1);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return op_fail_errno(
			    op, RC_DENIED, errno, "the passphrase (%s)", what);
		if (got == 0 || byte == '\n')
			break;
		if (n == KEYSTORE_PASSPHRASE_MAX || byte == '\0')
			FAIL(op, RC_DENIED,
			    "the passphrase (%s) is longer than %d bytes, or "
			    "has a NUL",
			    what, KEYSTORE_PASSPHRASE_MAX);
		p->text[n++] = byte;
	}
	if (n > 0 && p->text[n - 1] == '\r')
		n--;
	p->text[n] = '\0';
	if (n == 0)
		FAIL(op, RC_DENIED, "there is no passphrase (%s)", what);
	p->known = true;
	return RC_OK;
}

static enum rc
file_take(struct op *op, struct passphrase *p, const char *path)
{
	CLEANUP(io_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return op_fail_errno(
		    op, RC_DENIED, errno, "passphrase_file %s", path);
	return line_take(op, p, fd, "passphrase_file");
}

static enum rc
terminal_take(struct op *op, struct passphrase *p, const char *prompt)
{
	if (!terminal_ask(prompt, p->text, sizeof(p->text)))
		FAIL(op, RC_DENIED,
		    "the master key is sealed with a passphrase: run this on a "
		    "terminal, or give --passphrase-fd N");
	p->known = true;
	return RC_OK;
}

enum rc
passphrase_need(
    struct op *op, struct passphrase *passphrase, const struct conf *conf)
{
	const char *file =
	    conf != NULL ? conf_get_string(conf, "service", "passphrase_file")
			 : "";

	if (passphrase->known)
		return RC_OK;
	if (passphrase->fd >= 0)
		return line_take(
		    op, passphrase, passphrase->fd, "--passphrase-fd");
	if (*file != '\0')
		return file_take(op, passphrase, file);
	return terminal_take(op, passphrase, "passphrase of the master key: ");
}

static void
forget_ptr(struct passphrase *passphrase)
{
	passphrase_forget(passphrase);
}

enum rc
passphrase_choose(struct op *op, struct passphrase *passphrase)
{
	CLEANUP(forget_ptr) struct passphrase again = PASSPHRASE_NONE;

	passphrase_forget(passphrase);
	if (passphrase->fd >= 0)
		return line_take(
		    op, passphrase, passphrase->fd, "--passphrase-fd");
	TRY(terminal_take(
	    op, passphrase, "new passphrase of the master key: "));
	TRY(terminal_take(op, &again, "once more: "));
	if (strcmp(passphrase->text, again.text) == 0)
		return RC_OK;
	passphrase_forget(passphrase);
	FAIL(op, RC_INVALID, "the two are not the same");
}
