/* terminal.c - a secret that is typed: no echo, and the terminal is left as it
 * was, whatever ends the asking. */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDING = sizeof(ending) / sizeof(ending[0]) };

static volatile sig_atomic_t caught;

static void
note(int signal_number)
{
	caught = signal_number;
}

static void
say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		caught = SIGHUP; /* nobody is there */
}

/* Without SA_RESTART: a signal ends the reading. */
static void
signals_take(struct sigaction before[ENDING])
{
	struct sigaction action = {.sa_handler = note};
	size_t i;

	caught = 0;
	for (i = 0; i < ENDING; i++)
		(void)sigaction(ending[i], &action, &before[i]);
}

static void
signals_give_back(const struct sigaction before[ENDING])
{
	size_t i;

	for (i = 0; i < ENDING; i++)
		(void)sigaction(ending[i], &before[i], NULL);
	if (caught != 0)
		(void)raise(caught);
}

/* The rest of a line that is too long is read away. */
static bool
line_read(int fd, char *out, size_t size)
{
	size_t n = 0;
	char byte = '\0';
	bool fits = true;
	ssize_t got;

	while (caught == 0) {
		got = read(fd, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || byte == '\n')
			break;
		fits = fits && n + 1 < size;
		if (fits)
			out[n++] = byte;
	}
	out[n] = '\0';
	return fits && caught == 0 && n > 0;
}

bool
terminal_ask(const char *prompt, char *out, size_t size)
{
	CLEANUP(io_close)
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct sigaction actions[ENDING];
	struct termios before, silent;
	bool read_one;

	/* One that is nobody's controlling terminal. */
	if (fd < 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || tcgetattr(fd, &before) != 0)
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	signals_take(actions);
	(void)tcsetattr(fd, TCSAFLUSH, &silent);
	say(fd, prompt);
	read_one = line_read(fd, out, size);
	if (!read_one)
		mem_wipe(out, size);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	say(fd, "\n");
	signals_give_back(actions);
	return read_one;
}
