-- Statements over tables that the tenant's and the provider's schema have alike.
-- They stand first in both tables of statements, so that their numbers are equal.

-- name: counter_get
SELECT value FROM counter WHERE name = ?1;

-- name: counter_set
INSERT INTO counter (name, value) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: setting_get
SELECT value FROM setting WHERE name = ?1;

-- name: setting_set
INSERT INTO setting (name, value) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: ack_add
INSERT INTO ack (site, number, time) VALUES (?1, ?2, ?3);

-- name: ack_get
SELECT time FROM ack WHERE site = ?1 AND number = ?2;

-- name: ack_last
-- The newest number that a site acknowledged.
SELECT number FROM ack WHERE site = ?1 ORDER BY number DESC LIMIT 1;

-- name: ack_site
-- The sites that have any, one after the other.
SELECT site FROM ack WHERE site > ?1 ORDER BY site LIMIT 1;

-- name: ack_remove
DELETE FROM ack WHERE site = ?1 AND number = ?2;

-- name: ack_first
-- The oldest number that a site acknowledged.
SELECT number FROM ack WHERE site = ?1 ORDER BY number LIMIT 1;

-- name: ack_drop
DELETE FROM ack WHERE site = ?1 AND number BETWEEN ?2 AND ?3;

-- name: audit_insert
INSERT INTO audit (id, wall, member, action, node, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: audit_list
-- The newest first, before an id.
SELECT id, wall, member, action, node, body FROM audit
WHERE id < ?1 ORDER BY id DESC LIMIT ?2;

-- name: audit_trim
-- Some of the oldest, as far as they were written before a time.
DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?2)
AND wall < ?1;

-- name: local_log_add
INSERT INTO local_log (number, counter, attempt, hash, body_offset, changes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: local_log_get
SELECT number, counter, attempt, hash, body_offset, changes FROM local_log
WHERE number = ?1;

-- name: local_log_head
SELECT number, counter, attempt, hash, body_offset, changes FROM local_log
ORDER BY number DESC LIMIT 1;

-- name: local_log_users
-- 1 in changes: a user's.
SELECT EXISTS (SELECT 1 FROM local_log WHERE number > ?1 AND changes = 1);

-- name: local_log_list
SELECT number, counter, attempt, hash, body_offset, changes FROM local_log
WHERE number >= ?1 ORDER BY number LIMIT ?2;

-- name: local_log_forget
-- What a cut took away (L13).
DELETE FROM local_log WHERE number <= ?1;

-- name: local_data_add
INSERT INTO local_data (id, hash, size, number) VALUES (?1, ?2, ?3, ?4);

-- name: local_data_get
SELECT id, hash, size, number FROM local_data WHERE id = ?1;

-- name: local_data_remove
DELETE FROM local_data WHERE id = ?1;

-- name: local_data_list
-- All that are live, in batches.
SELECT id, hash, size, number FROM local_data WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: local_aside_add
INSERT INTO local_aside (number, counter, attempt, hash) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO NOTHING;

-- name: local_aside_list
SELECT number, counter, attempt, hash FROM local_aside
WHERE number >= ?1 ORDER BY number, counter, attempt, hash;

-- name: local_aside_forget
DELETE FROM local_aside WHERE number <= ?1;

-- name: local_state_get
SELECT value FROM local_state WHERE key = ?1;

-- name: local_state_set
INSERT INTO local_state (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
