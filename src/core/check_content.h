/* check_content.h - private: opening every content on one site. */
#ifndef DOZO_CORE_CHECK_CONTENT_H
#define DOZO_CORE_CHECK_CONTENT_H

#include "core/check.h"

/*
 * Opens each chunk of each finished content from this site alone, and compares
 * SHA-256; contents are named by their ids. Results as check_tenant.
 */
enum rc check_contents(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct check_job *job, size_t site,
    struct check_site *result) MUST_CHECK;

#endif
