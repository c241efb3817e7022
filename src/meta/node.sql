-- A folder's tag is the number of the last segment that changed something below it;
-- before there was one, the number that made it. 0 stands for NULL.

-- name: node_get
SELECT id, parent, name, kind, content, size, mtime, created_at, changed_at, changed_by,
	CASE kind WHEN 1 THEN coalesce((SELECT f.tag FROM folder_tag f
		WHERE f.id = node.id), tag) ELSE tag END, name_key
FROM node WHERE id = ?1;

-- name: node_find
SELECT id, parent, name, kind, content, size, mtime, created_at, changed_at, changed_by,
	CASE kind WHEN 1 THEN coalesce((SELECT f.tag FROM folder_tag f
		WHERE f.id = node.id), tag) ELSE tag END, name_key
FROM node WHERE parent = ?1 AND name_key = ?2;

-- name: node_parent
SELECT parent FROM node WHERE id = ?1;

-- name: node_list
-- A batch is chosen in the order of name keys, which is random, by the index alone; its
-- rows are read in the order of ids, in which they lie: a third of the time.
SELECT id, parent, name, kind, content, size, mtime, created_at, changed_at, changed_by,
	CASE kind WHEN 1 THEN coalesce((SELECT f.tag FROM folder_tag f
		WHERE f.id = node.id), tag) ELSE tag END, name_key
FROM node WHERE id IN (SELECT id FROM node
	WHERE parent = ?1 AND name_key > ?2 ORDER BY name_key LIMIT ?3);

-- name: node_names
-- A search: every name, in the order in which the rows lie.
SELECT id, name FROM node WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: node_insert
INSERT INTO node (id, parent, name_key, name, kind, content, size, mtime, created_at,
	changed_at, changed_by, tag)
VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0), ?7, ?8, ?9, ?10, ?11, ?12);

-- name: node_set_content
UPDATE node SET content = ?2, size = ?3, mtime = ?4, changed_at = ?5, changed_by = ?6,
	tag = ?7 WHERE id = ?1;

-- name: node_set_mtime
UPDATE node SET mtime = ?2, changed_at = ?3, changed_by = ?4, tag = ?5 WHERE id = ?1;

-- name: node_set_place
UPDATE node SET parent = ?2, name_key = ?3 WHERE id = ?1;

-- name: node_set_name
UPDATE node SET name = ?2 WHERE id = ?1;

-- name: node_delete
DELETE FROM node WHERE id = ?1;

-- name: folder_tag_set
INSERT INTO folder_tag (id, tag) VALUES (?1, ?2)
ON CONFLICT (id) DO UPDATE SET tag = excluded.tag;

-- name: folder_tag_delete
DELETE FROM folder_tag WHERE id = ?1;
