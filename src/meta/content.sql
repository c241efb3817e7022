-- 0 and the empty blob stand for NULL.

-- name: content_insert
INSERT INTO content (id, size, digest, sha1, chunks, key, data, number, offset, made)
VALUES (?1, ?2, nullif(?3, x''), nullif(?4, x''), ?5, nullif(?6, x''), nullif(?7, x''),
	nullif(?8, 0), ?9, nullif(?10, 0));

-- name: content_get
SELECT id, size, digest, sha1, chunks, key, data, number, offset, coalesce(made, 0)
FROM content WHERE id = ?1;

-- name: content_made
SELECT coalesce(made, 0) FROM content WHERE id = ?1;

-- name: content_made_in
-- Whether a number made one that is still there.
SELECT EXISTS (SELECT 1 FROM content WHERE made = ?1);

-- name: content_finish
UPDATE content SET size = ?2, digest = ?3, sha1 = nullif(?4, x''), chunks = ?5,
	made = nullif(?6, 0) WHERE id = ?1;

-- name: content_delete
DELETE FROM content WHERE id = ?1;

-- name: content_used
-- L15: whether a node, a version or an upload names it (what lies in the trash is a node).
SELECT EXISTS (SELECT 1 FROM node WHERE content = ?1)
	OR EXISTS (SELECT 1 FROM version WHERE content = ?1)
	OR EXISTS (SELECT 1 FROM upload WHERE content = ?1);

-- name: content_users
-- The same, counted up to a limit of each kind.
SELECT (SELECT count(*) FROM (SELECT 1 FROM node WHERE content = ?1 LIMIT ?2))
	+ (SELECT count(*) FROM (SELECT 1 FROM version WHERE content = ?1 LIMIT ?2))
	+ (SELECT count(*) FROM (SELECT 1 FROM upload WHERE content = ?1 LIMIT ?2));

-- name: content_unfinish
UPDATE content SET digest = NULL, sha1 = NULL WHERE id = ?1;

-- name: chunk_insert
INSERT INTO chunk (content, start, size, key, data, number, offset)
VALUES (?1, ?2, ?3, ?4, nullif(?5, x''), nullif(?6, 0), ?7);

-- name: chunk_find
-- The chunk that holds a position, if the content is as long as that.
SELECT start, size, key, data, number, offset FROM chunk
WHERE content = ?1 AND start <= ?2 ORDER BY start DESC LIMIT 1;

-- name: chunk_list
SELECT start, size, key, data, number, offset FROM chunk
WHERE content = ?1 AND start >= ?2 ORDER BY start LIMIT ?3;

-- name: chunk_delete
DELETE FROM chunk WHERE content = ?1 AND start = ?2;

-- name: data_used
-- L15: whether a chunk lies in this data segment.
SELECT EXISTS (SELECT 1 FROM content WHERE data = ?1)
	OR EXISTS (SELECT 1 FROM chunk WHERE data = ?1);

-- name: content_unfinished
-- Contents of uploads that no upload row keeps.
SELECT id FROM content INDEXED BY content_unfinished
WHERE digest IS NULL AND id > ?1
	AND NOT EXISTS (SELECT 1 FROM upload WHERE content = content.id)
ORDER BY id LIMIT 1;

-- name: content_next
-- All of them, one after the other.
SELECT id FROM content WHERE id > ?1 ORDER BY id LIMIT 1;

-- name: content_node
-- The files that have it now, one after the other.
SELECT id FROM node INDEXED BY node_content WHERE content = ?1 AND id > ?2
ORDER BY id LIMIT 1;

-- name: content_totals
-- Of status: reads every row of node.
SELECT count(*), coalesce(sum(size), 0) FROM node WHERE kind = 0;

-- name: data_live
SELECT coalesce(sum(size), 0), count(*) FROM (
	SELECT size FROM content WHERE data = ?1
	UNION ALL SELECT size FROM chunk WHERE data = ?1
);

-- name: content_move
-- Where it still lies where it was thought to.
UPDATE content SET data = ?2, number = NULL, offset = ?3
WHERE id = ?1 AND key IS NOT NULL AND coalesce(data, x'') = ?4
	AND coalesce(number, 0) = ?5 AND offset = ?6;

-- name: chunk_move
UPDATE chunk SET data = ?3, number = NULL, offset = ?4
WHERE content = ?1 AND start = ?2 AND coalesce(data, x'') = ?5
	AND coalesce(number, 0) = ?6 AND offset = ?7;

-- name: chunk_small
-- What a cut would take away.
SELECT id, 0, size, key, offset, number FROM content WHERE number <= ?1
UNION ALL SELECT content, start, size, key, offset, number FROM chunk WHERE number <= ?1
LIMIT ?2;

-- name: chunk_in_data
-- Every chunk that lies in a data segment.
SELECT id, 0, size, key, offset FROM content WHERE data = ?1
UNION ALL SELECT content, start, size, key, offset FROM chunk WHERE data = ?1;

-- name: chunk_in_number
-- Every chunk that travels in a numbered segment.
SELECT id, 0, size, key, offset FROM content WHERE number = ?1
UNION ALL SELECT content, start, size, key, offset FROM chunk WHERE number = ?1;

-- name: chunk_count
-- Of a content that has them as rows.
SELECT count(*) FROM chunk WHERE content = ?1;
