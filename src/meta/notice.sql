-- name: notice_insert
INSERT INTO notice (id, kind, made_at, subject, text) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: notice_list
-- Oldest first, after an id.
SELECT id, kind, made_at, subject, text FROM notice WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: notice_seen_get
SELECT up_to FROM notice_seen WHERE member = ?1;

-- name: notice_seen_set
INSERT INTO notice_seen (member, up_to) VALUES (?1, ?2)
ON CONFLICT (member) DO UPDATE SET up_to = excluded.up_to;
