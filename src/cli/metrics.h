/* metrics.h - /metrics for Prometheus: plain HTTP, on loopback only. */
#ifndef DOZO_CLI_METRICS_H
#define DOZO_CLI_METRICS_H

#include "cli/settings.h"
#include "core/service.h"
#include "http/server.h"

struct metrics;

/* One request a connection, one connection at a time. RC_INVALID: not a
 * loopback address. service and server are borrowed. */
enum rc metrics_start(struct op *op, const struct settings_address *address,
    struct service *service, struct http_server *server,
    struct metrics **ret_metrics) MUST_CHECK;
void metrics_stop(struct metrics *metrics); /* accepts NULL */

/* Appends the text. */
enum rc metrics_text(struct op *op, struct service *service,
    struct http_server *server, struct buf *buf) MUST_CHECK;

#endif
