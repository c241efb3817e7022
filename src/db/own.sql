-- name: begin
BEGIN IMMEDIATE;

-- name: read_begin
-- Deferred: the first query fixes the state.
BEGIN;

-- name: savepoint
SAVEPOINT change;

-- name: undo
ROLLBACK TO change;

-- name: release
RELEASE change;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: tables
-- The replicated tables, in the order of their names' bytes.
SELECT name FROM sqlite_schema
WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'local_*'
ORDER BY name;

-- name: columns
-- Of one table, in order; pk is the column's place in the primary key, from 1, or 0.
SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid;

-- name: breach_trigger
-- A replayed change would fire it a second time.
SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger';

-- name: breach_virtual
-- Changes of virtual tables are not recorded, those of their shadow tables are.
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type IN ('virtual', 'shadow');

-- name: breach_autoincrement
-- sqlite_sequence is not recorded.
SELECT coalesce((
	SELECT name FROM sqlite_schema
	WHERE type = 'table' AND sql LIKE '%autoincrement%'
), name) FROM sqlite_schema WHERE name = 'sqlite_sequence';

-- name: breach_no_key
-- Changes of a table without an explicit primary key are not recorded.
SELECT t.name FROM sqlite_schema t
WHERE t.type = 'table' AND t.name NOT GLOB 'sqlite_*' AND t.name NOT GLOB 'local_*'
AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE pk > 0);

-- name: breach_null_key
-- Changes of rows with NULL in their key are not recorded.
SELECT t.name FROM sqlite_schema t, pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT GLOB 'sqlite_*' AND t.name NOT GLOB 'local_*'
AND c.pk > 0 AND NOT c."notnull";

-- name: breach_generated
-- The column count of a changeset leaves generated columns out.
SELECT t.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c
WHERE t.type = 'table' AND t.name NOT GLOB 'sqlite_*' AND t.name NOT GLOB 'local_*'
AND c.hidden <> 0;

-- name: breach_action
SELECT t.name FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
WHERE t.type = 'table'
AND (f.on_update <> 'NO ACTION' OR f.on_delete <> 'NO ACTION');

-- name: breach_conflict
-- ON CONFLICT REPLACE or IGNORE in a table would let a replay go on over a conflict.
SELECT name FROM sqlite_schema WHERE type = 'table'
AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'local_*'
AND sql LIKE '%on conflict%';

-- name: table_empty
-- Made like ordered_select: a table that rows are loaded into is empty before.
SELECT printf('DELETE FROM "%w"', ?1);

-- name: ordered_insert
-- Made like ordered_select: a row with all its columns, in their order.
SELECT printf('INSERT INTO "%w" VALUES (%s)', ?1, (
	SELECT group_concat('?', ', ') FROM pragma_table_info(?1)
));

-- name: ordered_select
-- Made, not written, as the two above: it follows the schema, whose names it quotes.
SELECT printf('SELECT * FROM "%w" ORDER BY %s', ?1, (
	SELECT group_concat(printf('"%w"', name), ', ')
	FROM (SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk)
));
