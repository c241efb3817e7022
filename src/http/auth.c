/* auth.c - Basic credentials, the memory of good ones, and the throttle. */
#include "http/auth.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "http/utf8.h"

enum {
	CACHE_SETS =
	    4096, /* a set of WAYS places for all keys that begin alike */
	CACHE_WAYS = 4,
	COUNT_SETS = 4096,
	COUNT_WAYS = 4,
	COUNT_KEY = 16,
};

/* Failures older than this are forgotten. */
#define FORGIVEN (15 * 60 * CLOCK_S)

struct known {
	uint8_t key[SHA256_SIZE];
	int64_t until; /* clock_mono(); 0: free */
	struct auth_subject subject;
};

/* Attempts on one account or from one address that have not succeeded. */
struct count {
	uint8_t key[COUNT_KEY];
	uint32_t attempts;
	int64_t last;
};

/* A credential being verified, on its thread's stack. */
struct attempt {
	struct attempt *next;
	uint8_t key[SHA256_SIZE];
	uint8_t account[COUNT_KEY];
	uint8_t address[COUNT_KEY];
};

struct auth {
	struct secret *
	    secret; /* keys here are HMACs under it: nothing can be read back */
	struct mutex lock; /* guards all below; held over nothing that waits */
	struct cond changed;
	struct attempt *attempts;
	struct known known[CACHE_SETS][CACHE_WAYS];
	struct count counts[COUNT_SETS][COUNT_WAYS];
};

/* ---- reading the header ---- */

void
auth_basic_wipe(struct auth_basic *basic)
{
	if (basic->text != NULL)
		mem_wipe(basic->text, basic->size);
	*basic = (struct auth_basic){0};
}

/* The base64 part of "Basic xyz", or NULL. */
static const char *
token_of(const char *authorization)
{
	static const char scheme[] = "Basic";
	const size_t size = sizeof(scheme) - 1;

	if (authorization == NULL ||
	    strncasecmp(authorization, scheme, size) != 0 ||
	    authorization[size] != ' ')
		return NULL;
	authorization += size;
	return authorization + strspn(authorization, " ");
}

static enum rc
split(struct op *op, struct auth_basic *basic)
{
	const uint8_t *colon = memchr(basic->text, ':', basic->size);
	const uint8_t *domain;
	size_t user;

	if (colon == NULL || !utf8_is_clean(span_of(basic->text, basic->size)))
		FAIL(op, RC_INVALID, "the Authorization header is malformed");
	user = (size_t)(colon - basic->text);
	basic->user = span_of(basic->text, user);
	basic->password = span_of(colon + 1, basic->size - user - 1);
	domain = memchr(basic->text, '\\', user);
	if (domain != NULL)
		basic->user = span_of(domain + 1, (size_t)(colon - domain - 1));
	return RC_OK;
}

enum rc
auth_basic_parse(
    struct op *op, const char *authorization, struct auth_basic *ret_basic)
{
	CLEANUP(auth_basic_wipe) struct auth_basic basic = {0};
	const char *token = token_of(authorization);

	if (token == NULL)
		return RC_NOT_FOUND;
	if (strlen(token) > BASE64_SIZE(AUTH_TEXT_MAX))
		FAIL(op, RC_LIMIT, "the Authorization header is too long");
	TRY(op_alloc(op, AUTH_TEXT_MAX + 3, &basic.text));
	basic.size = AUTH_TEXT_MAX + 3;
	TRY(base64_decode(op, span_str(token), basic.text, &basic.size));
	TRY(split(op, &basic));
	*ret_basic = basic;
	basic.text = NULL;
	return RC_OK;
}

/* ---- the memory ---- */

enum rc
auth_new(struct op *op, struct auth **ret_auth)
{
	struct auth *auth = mem_alloc(sizeof(*auth));
	enum rc rc;

	if (auth == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	rc = secret_new_random(op, 32, &auth->secret);
	if (rc != RC_OK) {
		mem_free(auth);
		return rc;
	}
	mutex_init(&auth->lock);
	cond_init(&auth->changed);
	*ret_auth = auth;
	return RC_OK;
}

void
auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	secret_free(auth->secret);
	cond_release(&auth->changed);
	mutex_release(&auth->lock);
	mem_free(auth);
}

/* HMAC over a word for the purpose, and texts that cannot run into each other.
 */
static void
key_of(const struct auth *auth, const char *purpose, struct span a,
    struct span b, uint8_t out[SHA256_SIZE])
{
	uint64_t sizes[2] = {a.size, b.size};
	const struct span pieces[] = {
	    span_str(purpose), span_of(sizes, sizeof(sizes)), a, b};

	hmac_sha256(secret_span(auth->secret), pieces, ARRAY_LEN(pieces), out);
}

static size_t
set_of(const uint8_t *key, size_t sets)
{
	return ((size_t)key[0] << 8 | key[1]) % sets;
}

/* The place of a key, or NULL. Under the lock. */
static struct known *
known_find(struct auth *auth, const uint8_t key[SHA256_SIZE])
{
	struct known *set = auth->known[set_of(key, CACHE_SETS)];
	size_t i;

	for (i = 0; i < CACHE_WAYS; i++)
		if (set[i].until > clock_mono() &&
		    hash_equal(set[i].key, key, SHA256_SIZE))
			return &set[i];
	return NULL;
}

static void
known_drop(struct auth *auth, const uint8_t key[SHA256_SIZE])
{
	struct known *known;

	MUTEX_GUARD(&auth->lock);
	known = known_find(auth, key);
	if (known != NULL)
		mem_wipe(known, sizeof(*known));
}

/* Takes the place that ends first. Under the lock. */
static void
known_add(struct auth *auth, const uint8_t key[SHA256_SIZE],
    const struct auth_subject *subject, int64_t keep)
{
	struct known *set = auth->known[set_of(key, CACHE_SETS)];
	struct known *place = &set[0];
	size_t i;

	for (i = 1; i < CACHE_WAYS; i++)
		if (set[i].until < place->until)
			place = &set[i];
	memcpy(place->key, key, SHA256_SIZE);
	place->until = clock_mono() + keep;
	place->subject = *subject;
}

/* ---- the throttle; all under the lock ---- */

static struct count *
count_of(struct auth *auth, const uint8_t key[COUNT_KEY], int64_t now)
{
	struct count *set = auth->counts[set_of(key, COUNT_SETS)];
	struct count *oldest = &set[0];
	size_t i;

	for (i = 0; i < COUNT_WAYS; i++) {
		if (memcmp(set[i].key, key, COUNT_KEY) == 0) {
			if (now - set[i].last > FORGIVEN)
				set[i].attempts = 0;
			return &set[i];
		}
		if (set[i].last < oldest->last)
			oldest = &set[i];
	}
	*oldest = (struct count){.last = now};
	memcpy(oldest->key, key, COUNT_KEY);
	return oldest;
}

/* Seconds until one more attempt is heard: 1, 2, 4 ... after the free ones. */
static unsigned
count_wait(const struct count *count, uint32_t free_attempts, int64_t now)
{
	uint32_t over;
	int64_t wait;

	if (count->attempts < free_attempts)
		return 0;
	over = count->attempts - free_attempts;
	wait = over >= 5 ? AUTH_WAIT_MAX : 1 << over;
	wait = count->last + wait * CLOCK_S - now;
	return wait <= 0 ? 0 : (unsigned)((wait + CLOCK_S - 1) / CLOCK_S);
}

/*
 * An attempt counts as failed when it begins, so that many at once cannot slip
 * through; one that succeeds is taken back.
 */
static unsigned
throttle(struct auth *auth, const struct attempt *attempt)
{
	int64_t now = clock_mono();
	struct count *account = count_of(auth, attempt->account, now);
	struct count *address = count_of(auth, attempt->address, now);
	unsigned wait = count_wait(account, AUTH_FREE_ACCOUNT, now);
	unsigned other = count_wait(address, AUTH_FREE_ADDRESS, now);

	if (other > wait)
		wait = other;
	if (wait > 0)
		return wait;
	account->attempts++;
	account->last = now;
	address->attempts++;
	address->last = now;
	return 0;
}

static void
count_back(struct auth *auth, const struct attempt *attempt, bool succeeded)
{
	int64_t now = clock_mono();
	struct count *account = count_of(auth, attempt->account, now);
	struct count *address = count_of(auth, attempt->address, now);

	if (succeeded)
		account->attempts = 0;
	else if (account->attempts > 0)
		account->attempts--;
	if (address->attempts > 0)
		address->attempts--;
}

/* ---- attempts ---- */

static enum rc
attempt_init(struct op *op, const struct auth *auth,
    const struct auth_basic *basic, const char *address,
    struct attempt *attempt)
{
	uint8_t key[SHA256_SIZE];
	struct span account;

	/* However it is written, it is one account. */
	TRY(text_fold_key(op, basic->user, &account));
	key_of(auth, "credential", basic->user, basic->password, attempt->key);
	key_of(auth, "account", account, span_of(NULL, 0), key);
	memcpy(attempt->account, key, COUNT_KEY);
	key_of(auth, "address", span_str(address), span_of(NULL, 0), key);
	memcpy(attempt->address, key, COUNT_KEY);
	return RC_OK;
}

/* Whether somebody verifies the same credential now. Under the lock. */
static bool
attempt_runs(const struct auth *auth, const uint8_t key[SHA256_SIZE])
{
	const struct attempt *a;

	for (a = auth->attempts; a != NULL; a = a->next)
		if (hash_equal(a->key, key, SHA256_SIZE))
			return true;
	return false;
}

/* *ret_known: subject is filled in. Else the attempt has begun, unless
 * *ret_wait says no. */
static void
attempt_begin(struct auth *auth, struct attempt *attempt,
    struct auth_subject *subject, bool *ret_known, unsigned *ret_wait)
{
	const struct known *known;

	MUTEX_GUARD(&auth->lock);
	/* A client's first requests come together: one is verified for all. */
	while (attempt_runs(auth, attempt->key))
		cond_wait(&auth->changed, &auth->lock);
	known = known_find(auth, attempt->key);
	*ret_known = known != NULL;
	if (known != NULL) {
		*subject = known->subject;
		return;
	}
	*ret_wait = throttle(auth, attempt);
	if (*ret_wait > 0)
		return;
	attempt->next = auth->attempts;
	auth->attempts = attempt;
}

static void
attempt_end(struct auth *auth, struct attempt *attempt, enum rc rc,
    const struct auth_subject *subject, int64_t keep)
{
	struct attempt **at;

	MUTEX_GUARD(&auth->lock);
	for (at = &auth->attempts; *at != attempt; at = &(*at)->next)
		;
	*at = attempt->next;
	if (rc == RC_OK && keep > 0)
		known_add(auth, attempt->key, subject, keep);
	if (rc != RC_DENIED)
		count_back(auth, attempt, rc == RC_OK);
	cond_broadcast(&auth->changed);
}

enum rc
auth_check(struct op *op, struct auth *auth, const struct auth_basic *basic,
    const char *address, const struct auth_verifier *verifier,
    struct auth_subject *ret_subject, unsigned *ret_wait)
{
	struct auth_subject subject = {0};
	struct attempt attempt;
	bool known, holds = false;
	int64_t keep = 0;
	enum rc rc;

	*ret_wait = 0;
	TRY(attempt_init(op, auth, basic, address, &attempt));
	for (;;) {
		attempt_begin(auth, &attempt, &subject, &known, ret_wait);
		if (!known)
			break;
		TRY(verifier->holds(op, verifier->arg, &subject, &holds));
		if (holds) {
			*ret_subject = subject;
			return RC_OK;
		}
		known_drop(auth, attempt.key);
	}
	if (*ret_wait > 0)
		FAIL(op, RC_BUSY, "too many attempts to sign in");
	rc = verifier->verify(op, verifier->arg, basic, &subject, &keep);
	attempt_end(auth, &attempt, rc, &subject, keep);
	if (rc == RC_OK)
		*ret_subject = subject;
	return rc;
}
