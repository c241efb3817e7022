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
    {HTTP_POST, "/nodes/{id}/batch", &call_batch},
    {HTTP_GET, "/nodes/{id}/versions", &call_versions},
    {HTTP_GET, "/nodes/{id}/versions/{version}/content", &call_version_content},
    {HTTP_POST, "/nodes/{id}/versions/{version}/swap", &call_swap},
    {HTTP_POST, "/nodes/{id}/versions/{version}/save-as", &call_save_as},
    {HTTP_GET, "/trash", &call_trash},
    {HTTP_DELETE, "/trash", &call_empty},
    {HTTP_DELETE, "/trash/{id}", &call_purge},
    {HTTP_POST, "/trash/{id}/restore", &call_restore},
    {HTTP_GET, "/search", &call_search},
    {HTTP_GET, "/security", &call_security},
    {HTTP_GET, "/session", &call_session},
    {HTTP_POST, "/session", &call_session_begin},
    {HTTP_DELETE, "/session", &call_session_end},
    {HTTP_GET, "/sessions", &call_sessions},
    {HTTP_DELETE, "/sessions/{id}", &call_sessions_end},
};
const size_t n_api_table = ARRAY_LEN(api_table);
