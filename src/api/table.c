/* table.c - the routes, as docs/openapi.yaml lists them. */
#include "api/request.h"

const struct api_route api_table[] = {
    {HTTP_GET, "/health", &call_health},
    {HTTP_GET, "/me", &call_me},
    {HTTP_GET, "/nodes", &call_node_by_path},
    {HTTP_GET, "/nodes/{id}", &call_node},
    {HTTP_PATCH, "/nodes/{id}", &call_patch},
    {HTTP_DELETE, "/nodes/{id}", &call_delete},
    {HTTP_GET, "/nodes/{id}/children", &call_children},
    {HTTP_POST, "/nodes/{id}/children", &call_create},
    {HTTP_GET, "/nodes/{id}/content", &call_content},
    {HTTP_PUT, "/nodes/{id}/content", &call_put_content},
    {HTTP_POST, "/nodes/{id}/copy", &call_copy},
    {HTTP_GET, "/security", &call_security},
    {HTTP_GET, "/session", &call_session},
    {HTTP_POST, "/session", &call_session_begin},
    {HTTP_DELETE, "/session", &call_session_end},
    {HTTP_GET, "/sessions", &call_sessions},
    {HTTP_DELETE, "/sessions/{id}", &call_sessions_end},
};
const size_t n_api_table = ARRAY_LEN(api_table);
