-- name: trash_insert
INSERT INTO trash (node, parent, space, deleted_at, deleted_by, kept_until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: trash_get
SELECT node, parent, space, deleted_at, deleted_by, kept_until FROM trash
WHERE node = ?1;

-- name: trash_list
-- In the order of nodes, after one.
SELECT node, parent, space, deleted_at, deleted_by, kept_until FROM trash
WHERE space = ?1 AND node > ?2 ORDER BY node LIMIT ?3;

-- name: trash_due
-- The first whose term has ended.
SELECT node, parent, space, deleted_at, deleted_by, kept_until FROM trash
WHERE kept_until <= ?1 ORDER BY kept_until LIMIT 1;

-- name: trash_delete
DELETE FROM trash WHERE node = ?1;
