-- name: lock_insert
INSERT INTO lock (id, node, member, shared, deep, token, owner, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: lock_get
SELECT id, node, member, shared, deep, token, owner, expires_at FROM lock WHERE id = ?1;

-- name: lock_of_node
SELECT id, node, member, shared, deep, token, owner, expires_at FROM lock
WHERE node = ?1 ORDER BY id;

-- name: lock_any
-- Mostly there is none, which spares looking for them.
SELECT EXISTS (SELECT 1 FROM lock);

-- name: lock_live
-- All of them, in batches: a folder's are found from below.
SELECT id, node FROM lock WHERE id > ?1 AND +expires_at > ?2 ORDER BY id LIMIT ?3;

-- name: lock_count
SELECT count(*) FROM lock WHERE member = ?1 AND expires_at > ?2;

-- name: lock_due
SELECT id FROM lock WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 1;

-- name: lock_set_expires_at
UPDATE lock SET expires_at = ?2 WHERE id = ?1;

-- name: lock_delete
DELETE FROM lock WHERE id = ?1;
