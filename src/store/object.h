/* object.h - names of the objects on a site (LOG.md L0): a folder and a file
 * name, made by these functions only. */
#ifndef DOZO_STORE_OBJECT_H
#define DOZO_STORE_OBJECT_H

#include "base/op.h"
#include "base/span.h"

enum {
	OBJECT_FOLDER_SIZE = 32,
	OBJECT_FILE_SIZE = 96,
	OBJECT_ID_SIZE = 16, /* of claims, sites, services, data segments */
	OBJECT_HASH_SIZE = 32,
};

struct object_name {
	char folder[OBJECT_FOLDER_SIZE]; /* "fence", "log/<tenant>" ..., "" for
					    the site's root */
	char file[OBJECT_FILE_SIZE];
};

/* A generation (LOG.md L1): counter belongs to a claim, attempt is per tenant.
 */
struct generation {
	uint64_t counter;
	uint64_t attempt;
};

/* -1, 0, 1: by counter, then attempt. */
int generation_compare(struct generation a, struct generation b);

/* A number of a tenant's log, as its object's name tells it. */
struct log_name {
	uint64_t number;
	struct generation generation;
	uint8_t hash8[8]; /* the hash's first 8 bytes */
};

/* -1, 0, 1 (or another sign): by number, generation, hash8. */
int log_name_compare(const struct log_name *a, const struct log_name *b);

/* A keyring's object, as its name tells it. */
struct key_name {
	uint64_t version;
	struct generation generation;
	uint8_t hash8[8]; /* of the sealed bytes' SHA-256 */
};

/* "log/<tenant>", "data/<tenant>", "keys/<tenant>", "snap/<tenant>",
 * "damaged/<tenant>"; numbers in fixed-width lower-case hex. */
void
object_folder(char out[OBJECT_FOLDER_SIZE], const char *kind, uint64_t tenant);

/* log/<tenant>/<number>.<counter>.<attempt>.<hash8> (16, 16, 8, 16 hex digits)
 */
void object_log(
    struct object_name *name, uint64_t tenant, const struct log_name *log);
enum rc object_log_parse(
    struct op *op, const char *file, struct log_name *ret_log) MUST_CHECK;

/* A pack's object, as its name tells it: numbers first to last. */
struct pack_name {
	uint64_t first;
	uint64_t last;
	uint8_t hash8[8]; /* of its directory's hash */
};

/* log/<tenant>/pack.<first>.<last>.<hash8> (16 hex digits each) */
void object_pack(
    struct object_name *name, uint64_t tenant, const struct pack_name *pack);
enum rc object_pack_parse(
    struct op *op, const char *file, struct pack_name *ret_pack) MUST_CHECK;

/* data/<tenant>/<id> (32 hex digits) */
void object_data(struct object_name *name, uint64_t tenant,
    const uint8_t id[OBJECT_ID_SIZE]);
enum rc object_data_parse(
    struct op *op, const char *file, uint8_t ret_id[OBJECT_ID_SIZE]) MUST_CHECK;

/* snap/<tenant>/<id>.<part> (32, 8 hex digits); part 0 is the list of the
 * others (L12) */
void object_snap(struct object_name *name, uint64_t tenant,
    const uint8_t id[OBJECT_ID_SIZE], uint32_t part);
enum rc object_snap_parse(struct op *op, const char *file,
    uint8_t ret_id[OBJECT_ID_SIZE], uint32_t *ret_part) MUST_CHECK;

/* keys/<tenant>/<version>.<counter>.<attempt>.<hash8> */
void object_key(
    struct object_name *name, uint64_t tenant, const struct key_name *key);
enum rc object_key_parse(
    struct op *op, const char *file, struct key_name *ret_key) MUST_CHECK;

/* fence/<counter> (16 hex digits) */
void object_fence(struct object_name *name, uint64_t counter);
enum rc object_fence_parse(
    struct op *op, const char *file, uint64_t *ret_counter) MUST_CHECK;

/* heads/<counter>.<version> */
void object_heads(struct object_name *name, uint64_t counter, uint64_t version);
enum rc object_heads_parse(struct op *op, const char *file,
    uint64_t *ret_counter, uint64_t *ret_version) MUST_CHECK;

#endif
