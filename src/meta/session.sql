-- name: session_insert
INSERT INTO session (id, member, kind, hash, label, created_at, used_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: session_get
SELECT id, member, kind, label, created_at, used_at, expires_at FROM session WHERE id = ?1;

-- name: session_find
SELECT id, member, kind, label, created_at, used_at, expires_at FROM session WHERE hash = ?1;

-- name: session_list
SELECT id, member, kind, label, created_at, used_at, expires_at FROM session
WHERE member = ?1 ORDER BY used_at DESC, id DESC;

-- name: session_set_used
UPDATE session SET used_at = ?2 WHERE id = ?1;

-- name: session_delete
DELETE FROM session WHERE id = ?1;

-- name: session_delete_member
DELETE FROM session WHERE member = ?1;

-- name: session_delete_ended
-- A member's whose time is over: each sign-in clears away those of its own.
DELETE FROM session WHERE member = ?1 AND (expires_at <= ?2 OR used_at <= ?3 OR
	id IN (SELECT id FROM session WHERE member = ?1 ORDER BY used_at DESC, id DESC
		LIMIT -1 OFFSET ?4));
