-- What the tests run.

-- name: node_add
INSERT INTO node (id, parent, name, size) VALUES (?1, ?2, ?3, ?4);

-- name: node_get
SELECT id, parent, name, size, note FROM node WHERE id = ?1;

-- name: node_list
SELECT id, name FROM node WHERE parent = ?1 ORDER BY id;

-- name: node_count
SELECT count(*) FROM node;

-- name: node_size
UPDATE node SET size = ?2 WHERE id = ?1;

-- name: node_note
UPDATE node SET note = ?2 WHERE id = ?1;

-- name: node_move
UPDATE node SET parent = ?2, name = ?3 WHERE id = ?1;

-- name: node_drop
DELETE FROM node WHERE id = ?1;

-- name: node_drop_below
-- Larger than a single row.
DELETE FROM node WHERE parent = ?1;

-- name: node_find
SELECT id FROM node WHERE parent = ?1 AND name = ?2;

-- name: node_by_size
-- A full scan, on purpose.
SELECT id FROM node WHERE size > ?1;

-- name: etag_put
INSERT INTO etag (node, kind, tag) VALUES (?1, ?2, ?3)
ON CONFLICT (node, kind) DO UPDATE SET tag = excluded.tag;

-- name: etag_drop
DELETE FROM etag WHERE node = ?1;

-- name: pair_put
INSERT INTO pair (b, a, value) VALUES (?2, ?1, ?3)
ON CONFLICT (a, b) DO UPDATE SET value = excluded.value;

-- name: pair_key
-- A change of the primary key itself.
UPDATE OR IGNORE pair SET a = ?3 WHERE a = ?1 AND b = ?2;

-- name: pair_get
SELECT value, typeof(value) FROM pair WHERE a = ?1 AND b = ?2;

-- name: head_set
INSERT INTO local_head (id, number) VALUES (1, ?1)
ON CONFLICT (id) DO UPDATE SET number = excluded.number;

-- name: head_get
SELECT number FROM local_head WHERE id = 1;
