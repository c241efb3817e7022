-- 0 and the empty blob stand for NULL, but for size, whose NULL is -1, and mtime.

-- name: upload_insert
INSERT INTO upload (id, member, parent, name, size, offset, content, sha256, sha1, mtime,
	if_exists, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, nullif(?5, -1), ?6, ?7, ?8, nullif(?9, x''),
	CASE ?10 WHEN 1 THEN ?11 END, ?12, ?13, ?14);

-- name: upload_get
SELECT id, member, parent, name, size, offset, content, sha256, sha1, mtime, if_exists,
	created_at, expires_at
FROM upload WHERE id = ?1;

-- name: upload_advance
UPDATE upload SET size = nullif(?2, -1), offset = ?3, content = ?4, sha256 = ?5,
	sha1 = nullif(?6, x''), expires_at = ?7
WHERE id = ?1;

-- name: upload_done
-- The file has the content now: what is left is for a client that missed the answer.
UPDATE upload SET parent = ?2, size = ?3, offset = ?3, content = 0, sha256 = ?4,
	sha1 = NULL, expires_at = ?5
WHERE id = ?1;

-- name: upload_end
-- Nobody sees it any more; its content is dropped, some of it at a time.
UPDATE upload SET expires_at = 0 WHERE id = ?1;

-- name: upload_delete
DELETE FROM upload WHERE id = ?1;

-- name: upload_due
-- Whose term has ended, the earliest first.
SELECT id FROM upload WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 1;
