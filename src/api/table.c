/* table.c - the routes, as docs/openapi.yaml lists them. */
#include "api/request.h"

const struct api_route api_table[] = {
    {HTTP_GET, "/health", &call_health},
    {HTTP_GET, "/me", &call_me},
    {HTTP_GET, "/nodes", &call_node_by_path},
    {HTTP_GET, "/nodes/{id}", &call_node},
    {HTTP_GET, "/nodes/{id}/children", &call_children},
};
const size_t n_api_table = ARRAY_LEN(api_table);
