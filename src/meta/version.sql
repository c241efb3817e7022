-- name: version_insert
INSERT INTO version (id, node, content, size, mtime, made_at, made_by, replaced_at,
	kept_until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: version_get
SELECT id, node, content, size, mtime, made_at, made_by, replaced_at, kept_until
FROM version WHERE id = ?1;

-- name: version_list
-- The newest first, before an id.
SELECT id, node, content, size, mtime, made_at, made_by, replaced_at, kept_until
FROM version WHERE node = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3;

-- name: version_due
-- Whose term has ended, the earliest first.
SELECT id, node, content, size, mtime, made_at, made_by, replaced_at, kept_until
FROM version WHERE kept_until <= ?1 ORDER BY kept_until LIMIT ?2;

-- name: version_count
-- No more than a limit are counted.
SELECT count(*) FROM (SELECT 1 FROM version WHERE node = ?1 LIMIT ?2);

-- name: version_join
-- MOVE over a file: its versions join the moved node with their deadlines (L26).
UPDATE version SET node = ?2 WHERE node = ?1;

-- name: version_delete
DELETE FROM version WHERE id = ?1;
