-- name: idempotency_get
SELECT request, result, expires_at FROM idempotency WHERE key = ?1;

-- name: idempotency_insert
INSERT INTO idempotency (key, request, result, expires_at) VALUES (?1, ?2, ?3, ?4);

-- name: idempotency_delete
DELETE FROM idempotency WHERE key = ?1;

-- name: idempotency_due
-- Any whose term has ended.
SELECT EXISTS (SELECT 1 FROM idempotency WHERE expires_at <= ?1);

-- name: idempotency_expire
-- Some of them.
DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency
	WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2);
