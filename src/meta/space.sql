-- name: space_insert
INSERT INTO space (node, kind, member) VALUES (?1, ?2, nullif(?3, 0));

-- name: space_get
SELECT node, kind, member FROM space WHERE node = ?1;

-- name: space_of_member
SELECT node, kind, member FROM space WHERE member = ?1 ORDER BY node;

-- name: space_of_kind
SELECT node, kind, member FROM space WHERE kind = ?1 AND node > ?2 ORDER BY node LIMIT ?3;
