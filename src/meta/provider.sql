-- name: tenant_insert
INSERT INTO tenant (id, name_key, name, lang, state, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: tenant_get
SELECT id, name, lang, state, created_at FROM tenant WHERE id = ?1;

-- name: tenant_find
SELECT id, name, lang, state, created_at FROM tenant WHERE name_key = ?1;

-- name: tenant_set_state
UPDATE tenant SET state = ?2 WHERE id = ?1;

-- name: tenant_list
SELECT id, name, lang, state, created_at FROM tenant
WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: tenant_list_state
-- Those that a crash left half-made (L25).
SELECT id, name, lang, state, created_at FROM tenant WHERE state = ?1 ORDER BY id;

-- name: register_fact_put
INSERT INTO register_fact (version, body, made_at) VALUES (?1, ?2, ?3)
ON CONFLICT (version) DO UPDATE SET body = excluded.body,
	made_at = excluded.made_at;

-- name: register_fact_newest
SELECT version, body, made_at FROM register_fact ORDER BY version DESC LIMIT 1;

-- name: site_put
INSERT INTO site (id, name, place, country) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, place = excluded.place,
	country = excluded.country;

-- name: site_get
SELECT id, name, place, country FROM site WHERE id = ?1;

-- name: site_remove
DELETE FROM site WHERE id = ?1;

-- name: site_list
-- A handful of rows, all of them wanted.
SELECT id, name, place, country FROM site ORDER BY id;
