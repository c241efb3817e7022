/* tenant.h - rows of the provider's database: its tenants, sites and register
 * facts. */
#ifndef DOZO_META_TENANT_H
#define DOZO_META_TENANT_H

#include "meta/meta.h"
#include "meta/setting.h"
#include "store/object.h"

/* Steps of acts in two logs (L25). */
enum tenant_row_state {
	TENANT_ROW_ADDING = 0, /* intent; resumed at start */
	TENANT_ROW_ACTIVE = 1,
	TENANT_ROW_ERASING = 2,
};

struct tenant_row {
	uint64_t id; /* random, 63 bits, not 0 */
	struct span name;
	enum lang lang;
	enum tenant_row_state state;
	int64_t created_at;
};

/* fold is text_fold_key of the name. */
void tenant_row_key(const struct meta *meta, struct span fold, uint8_t out[32]);

/* RC_EXISTS where id or name are taken. */
enum rc tenant_row_insert(struct op *op, struct meta *meta,
    const struct tenant_row *tenant, const uint8_t key[32]) MUST_CHECK;

/* RC_NOT_FOUND. The name lies in the op's arena. */
enum rc tenant_row_get(struct op *op, struct meta *meta, uint64_t id,
    struct tenant_row *ret_tenant) MUST_CHECK;
enum rc tenant_row_find(struct op *op, struct meta *meta, const uint8_t key[32],
    struct tenant_row *ret_tenant) MUST_CHECK;
enum rc tenant_row_set_state(struct op *op, struct meta *meta, uint64_t id,
    enum tenant_row_state state) MUST_CHECK;

/* Up to limit in the order of ids, after one (0: from the first); each must not
 * list again. */
typedef enum rc
tenant_row_each(void *arg, struct op *op, const struct tenant_row *tenant);
enum rc tenant_row_list(struct op *op, struct meta *meta, uint64_t after,
    size_t limit, tenant_row_each *each, void *arg) MUST_CHECK;
enum rc tenant_row_list_state(struct op *op, struct meta *meta,
    enum tenant_row_state state, tenant_row_each *each, void *arg) MUST_CHECK;

/* A register's fact (L20): bytes of core/. In place of the version's former
 * one. */
enum rc register_fact_put(struct op *op, struct meta *meta, uint64_t version,
    struct span body, int64_t made_at) MUST_CHECK;
/* The newest, in the op's arena; RC_NOT_FOUND. */
enum rc register_fact_newest(struct op *op, struct meta *meta,
    uint64_t *ret_version, struct span *ret_body) MUST_CHECK;

struct site_row {
	uint8_t id[OBJECT_ID_SIZE];
	const char *name;
	const char *place;
	const char *country;
};

/* Inserts or replaces. */
enum rc site_row_put(
    struct op *op, struct meta *meta, const struct site_row *site) MUST_CHECK;
/* RC_OK also where there is none. */
enum rc site_row_remove(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE]) MUST_CHECK;
/* Texts live until each returns. */
typedef enum rc
site_row_each(void *arg, struct op *op, const struct site_row *site);
enum rc site_row_list(struct op *op, struct meta *meta, site_row_each *each,
    void *arg) MUST_CHECK;

#endif
