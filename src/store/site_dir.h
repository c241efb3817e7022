/* site_dir.h - a site that is a directory. */
#ifndef DOZO_STORE_SITE_DIR_H
#define DOZO_STORE_SITE_DIR_H

#include "store/site.h"

struct site_id;

/* As site_open, site_create, site_identify; path is absolute. */
enum rc site_dir_open(struct op *op, const char *path,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name, struct site **ret_site) MUST_CHECK;
enum rc site_dir_create(struct op *op, const char *path,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name) MUST_CHECK;
enum rc site_dir_identify(
    struct op *op, const char *path, struct site_id *ret_id) MUST_CHECK;

#endif
