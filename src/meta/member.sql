-- name: member_insert
INSERT INTO member (id, login_key, name, role, status, password, created_at,
	first_signed_in_at, space)
VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, x''), ?7, NULL, ?8);

-- name: member_get
SELECT id, name, role, status, password, created_at, first_signed_in_at, space
FROM member WHERE id = ?1;

-- name: member_find
SELECT id, name, role, status, password, created_at, first_signed_in_at, space
FROM member WHERE login_key = ?1;

-- name: member_list
SELECT id, name, role, status, password, created_at, first_signed_in_at, space
FROM member WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: member_set_password
UPDATE member SET password = nullif(?2, x'') WHERE id = ?1;

-- name: member_set_status
UPDATE member SET status = ?2 WHERE id = ?1;

-- name: member_set_signed_in
UPDATE member SET first_signed_in_at = ?2 WHERE id = ?1 AND first_signed_in_at IS NULL;

-- name: member_administrator_signed_in
-- Whether the customer has taken the tenant over from the host.
SELECT EXISTS (SELECT 1 FROM member WHERE role = 1 AND first_signed_in_at IS NOT NULL);

-- name: member_administrators
-- Active ones, so that the last of them is not locked out by mistake.
SELECT count(*) FROM member WHERE role = 1 AND status = 0;

-- name: app_password_insert
INSERT INTO app_password (id, member, hash, label, created_at, last_used)
VALUES (?1, ?2, ?3, ?4, ?5, NULL);

-- name: app_password_get
SELECT id, member, label, created_at, last_used FROM app_password WHERE id = ?1;

-- name: app_password_find
SELECT id, member, label, created_at, last_used FROM app_password WHERE hash = ?1;

-- name: app_password_list
SELECT id, member, label, created_at, last_used FROM app_password
WHERE member = ?1 ORDER BY id;

-- name: app_password_set_used
UPDATE app_password SET last_used = ?2 WHERE id = ?1;

-- name: app_password_delete
DELETE FROM app_password WHERE id = ?1;
