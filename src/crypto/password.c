/* password.c - Argon2id over libargon2, at most two at once, and random tokens.
 */
#include "crypto/password.h"

#include <argon2.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/thread.h"

enum {
	COST_MEMORY = 19 * 1024, /* KiB */
	COST_TIME = 2,
	COST_LANES = 1,
	SALT_SIZE = 16,
	KEY_SIZE = 32,
	/* A hash may ask for more than ours, but not for the whole machine. */
	MEMORY_MAX = 256 * 1024,
	TIME_MAX = 10,
	LANES_MAX = 4,
	AT_ONCE = 2,
};

/*
 * One hash takes a core and 19 MiB for 20 to 40 ms, so a burst of sign-ins
 * queues here instead of taking the machine.
 */
static struct {
	struct mutex lock;
	struct cond left;
	int running;
} gate = {
    .lock = {.native = PTHREAD_MUTEX_INITIALIZER},
    .left = {.native = PTHREAD_COND_INITIALIZER},
};

static void
gate_enter(void)
{
	MUTEX_GUARD(&gate.lock);
	while (gate.running == AT_ONCE)
		cond_wait(&gate.left, &gate.lock);
	gate.running++;
	FAILPOINT("password.entered");
}

static void
gate_leave(void)
{
	MUTEX_GUARD(&gate.lock);
	FAILPOINT("password.leaving");
	gate.running--;
	cond_signal(&gate.left);
}

static enum rc
argon2_result(struct op *op, int error, uint32_t memory)
{
	if (error == ARGON2_MEMORY_ALLOCATION_ERROR)
		FAIL(op, RC_NO_MEMORY, "out of memory (%u KiB)",
		    (unsigned)memory);
	if (error != ARGON2_OK)
		FAIL(op, RC_IO, "Argon2 failed: %s",
		    argon2_error_message(error));
	return RC_OK;
}

enum rc
password_hash(
    struct op *op, struct span password, char ret_hash[PASSWORD_HASH_SIZE])
{
	char hash[PASSWORD_HASH_SIZE] = "";
	uint8_t salt[SALT_SIZE];
	int error;

	if (password.size > PASSWORD_MAX)
		FAIL(op, RC_LIMIT, "a password has at most %d bytes",
		    PASSWORD_MAX);
	rand_bytes(salt, sizeof(salt));
	gate_enter();
	error = argon2id_hash_encoded(COST_TIME, COST_MEMORY, COST_LANES,
	    password.data, password.size, salt, sizeof(salt), KEY_SIZE, hash,
	    sizeof(hash));
	gate_leave();
	TRY(argon2_result(op, error, COST_MEMORY));
	memcpy(ret_hash, hash, sizeof(hash));
	return RC_OK;
}

/* A decimal of 1..max at *at, which then stands behind it. */
static bool
take_cost(const char **at, const char *name, uint64_t max)
{
	char digits[11];
	size_t n;
	uint64_t value;

	if (!str_starts(*at, name))
		return false;
	*at += strlen(name);
	n = strspn(*at, "0123456789");
	if (n == 0 || n >= sizeof(digits))
		return false;
	memcpy(digits, *at, n);
	digits[n] = '\0';
	*at += n;
	return str_to_u64(digits, 1, max, &value);
}

/*
 * Looks at the costs before libargon2 does: it would take what the string says,
 * up to 4 TiB and 16 million threads.
 */
static bool
costs_bearable(const char *hash)
{
	const char *at = hash;

	return strnlen(hash, PASSWORD_HASH_SIZE) < PASSWORD_HASH_SIZE &&
	       take_cost(&at, "$argon2id$v=19$m=", MEMORY_MAX) &&
	       take_cost(&at, ",t=", TIME_MAX) &&
	       take_cost(&at, ",p=", LANES_MAX) && *at == '$';
}

enum rc
password_verify(struct op *op, struct span password, const char *hash)
{
	int error;

	if (!costs_bearable(hash))
		FAIL(op, RC_DAMAGED, "this is no password hash of ours");
	if (password.size > PASSWORD_MAX)
		FAIL(op, RC_DENIED, "wrong password");
	gate_enter();
	error = argon2id_verify(hash, password.data, password.size);
	gate_leave();
	if (error == ARGON2_OK)
		return RC_OK;
	if (error == ARGON2_VERIFY_MISMATCH)
		FAIL(op, RC_DENIED, "wrong password");
	if (error == ARGON2_MEMORY_ALLOCATION_ERROR)
		FAIL(op, RC_NO_MEMORY, "out of memory (Argon2)");
	FAIL(op, RC_DAMAGED, "password hash: %s", argon2_error_message(error));
}

void
password_verify_dummy(struct span password)
{
	static const uint8_t salt[SALT_SIZE];
	uint8_t key[KEY_SIZE];

	if (password.size > PASSWORD_MAX)
		return; /* as quick as password_verify */
	gate_enter();
	(void)argon2id_hash_raw(COST_TIME, COST_MEMORY, COST_LANES,
	    password.data, password.size, salt, sizeof(salt), key, sizeof(key));
	gate_leave();
	mem_wipe(key, sizeof(key));
}

enum rc
password_key(struct op *op, struct span password,
    const struct password_cost *cost, struct span salt, uint8_t *ret_key,
    size_t size)
{
	int error;

	if (password.size > PASSWORD_MAX)
		FAIL(op, RC_LIMIT, "a passphrase has at most %d bytes",
		    PASSWORD_MAX);
	gate_enter();
	error = argon2id_hash_raw(cost->passes, cost->memory, cost->lanes,
	    password.data, password.size, salt.data, salt.size, ret_key, size);
	gate_leave();
	return argon2_result(op, error, cost->memory);
}

void
password_token(char out[PASSWORD_TOKEN_SIZE])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[33];
	size_t i;
	size_t n = 0;

	/* 32 random bytes and two zero bits: 258 bits are 43 digits. */
	rand_bytes(bytes, 32);
	bytes[32] = 0;
	for (i = 0; i < 33; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16 |
				 (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

		out[n++] = digits[group >> 18];
		out[n++] = digits[group >> 12 & 63];
		out[n++] = digits[group >> 6 & 63];
		out[n++] = digits[group & 63];
	}
	memset(out + 43, 0, PASSWORD_TOKEN_SIZE - 43);
	mem_wipe(bytes, sizeof(bytes));
}

/* One of n signs, each as likely as the others. */
static char
random_sign(const char *signs, size_t n)
{
	uint8_t byte;

	do
		rand_bytes(&byte, 1);
	while (byte >= 256 / n * n);
	return signs[byte % n];
}

void
password_generate(char out[PASSWORD_TOKEN_SIZE])
{
	/* Without 0 and o, 1, i and l: 31 signs, 99 bits in 20 of them. */
	static const char signs[] = "23456789abcdefghjkmnpqrstuvwxyz";
	size_t n = 0;
	int i;

	memset(out, 0, PASSWORD_TOKEN_SIZE);
	for (i = 0; i < 20; i++) {
		if (i > 0 && i % 5 == 0)
			out[n++] = '-';
		out[n++] = random_sign(signs, sizeof(signs) - 1);
	}
}
