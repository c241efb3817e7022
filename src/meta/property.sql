-- name: property_any
-- Mostly there is none, which spares looking for them.
SELECT EXISTS (SELECT 1 FROM property);

-- name: property_list
SELECT id, body FROM property WHERE node = ?1 ORDER BY name_key;

-- name: property_find
SELECT id, body FROM property WHERE node = ?1 AND name_key = ?2;

-- name: property_sum
SELECT count(*), coalesce(sum(length(body)), 0) FROM property WHERE node = ?1;

-- name: property_insert
INSERT INTO property (id, node, name_key, body) VALUES (?1, ?2, ?3, ?4);

-- name: property_set
UPDATE property SET body = ?2 WHERE id = ?1;

-- name: property_delete
DELETE FROM property WHERE id = ?1;

-- name: property_delete_some
DELETE FROM property WHERE id IN (SELECT id FROM property WHERE node = ?1 LIMIT ?2);
