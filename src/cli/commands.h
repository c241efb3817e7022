/* commands.h - what each cmd_*.c runs. */
#ifndef DOZO_CLI_COMMANDS_H
#define DOZO_CLI_COMMANDS_H

#include "cli/cli.h"

enum cli_exit cmd_init(struct cli *cli);
enum cli_exit cmd_serve(struct cli *cli);
enum cli_exit cmd_tenant_add(struct cli *cli);
enum cli_exit cmd_tenant_list(struct cli *cli);
enum cli_exit cmd_tenant_set(struct cli *cli);
enum cli_exit cmd_tenant_settings(struct cli *cli);
enum cli_exit cmd_tenant_state(struct cli *cli);
enum cli_exit cmd_member_add(struct cli *cli);
enum cli_exit cmd_member_password(struct cli *cli);
enum cli_exit cmd_member_suspend(struct cli *cli);
enum cli_exit cmd_member_list(struct cli *cli);
enum cli_exit cmd_notice_list(struct cli *cli);
enum cli_exit cmd_notice_acknowledge(struct cli *cli);
enum cli_exit cmd_member_app_password(struct cli *cli);
enum cli_exit cmd_member_sign_in_link(struct cli *cli);
enum cli_exit cmd_site_add(struct cli *cli);
enum cli_exit cmd_site_remove(struct cli *cli);
enum cli_exit cmd_site_replace(struct cli *cli);
enum cli_exit cmd_site_list(struct cli *cli);
enum cli_exit cmd_site_status(struct cli *cli);
enum cli_exit cmd_site_set(struct cli *cli);
enum cli_exit cmd_status(struct cli *cli);
enum cli_exit cmd_check(struct cli *cli);
enum cli_exit cmd_doctor(struct cli *cli);
enum cli_exit cmd_compact(struct cli *cli);
enum cli_exit cmd_scrub(struct cli *cli);
enum cli_exit cmd_rebuild(struct cli *cli);
enum cli_exit cmd_trash_list(struct cli *cli);
enum cli_exit cmd_trash_restore(struct cli *cli);
enum cli_exit cmd_trash_purge(struct cli *cli);
enum cli_exit cmd_versions_list(struct cli *cli);
enum cli_exit cmd_versions_swap(struct cli *cli);
enum cli_exit cmd_versions_save_as(struct cli *cli);
enum cli_exit cmd_key_export(struct cli *cli);
enum cli_exit cmd_key_status(struct cli *cli);
enum cli_exit cmd_key_passphrase(struct cli *cli);
enum cli_exit cmd_key_rotate_sites(struct cli *cli);
enum cli_exit cmd_key_rotate_epoch(struct cli *cli);
enum cli_exit cmd_clock_accept(struct cli *cli);
enum cli_exit cmd_evidence(struct cli *cli);
enum cli_exit cmd_version(struct cli *cli);

/*
 * What a command does before it runs in the server or here: in the process that
 * was asked, with cli->dir found. CLI_OK: go on.
 */
enum cli_exit cli_prepare(struct cli *cli);
/* Whether a service that only reads will do. */
bool cli_only_reads(const struct cli *cli);
enum cli_exit key_passphrase_prepare(struct cli *cli);
enum cli_exit key_rotate_prepare(struct cli *cli);

#endif
