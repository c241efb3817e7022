-- The schema of a tenant's database. Frozen: a change of it is a new migration (L9).
-- L5: primary keys are explicit and NOT NULL; no triggers, foreign keys, generated
-- columns or autoincrement; ids come from the counter. Tables named local_ are
-- this database's own and are not replicated. Columns called sealed hold AES-SIV.
-- Times are ns: *_at is wall time, for display; kept_until and expires_at are service time (L19).

-- name 'id' is the last id given out; smaller ones are fixed nodes (meta/node.h).
CREATE TABLE counter (
	name TEXT PRIMARY KEY NOT NULL,
	value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('id', 1000);

CREATE TABLE setting (
	name TEXT PRIMARY KEY NOT NULL,
	value INTEGER NOT NULL
) WITHOUT ROWID;
-- How names were folded when their keys were made (L18).
INSERT INTO setting (name, value) VALUES ('fold_version', 1);

CREATE TABLE member (
	id INTEGER PRIMARY KEY NOT NULL,
	login_key BLOB NOT NULL UNIQUE,
	name BLOB NOT NULL, -- sealed
	role INTEGER NOT NULL,
	status INTEGER NOT NULL,
	password BLOB, -- sealed Argon2 text
	created_at INTEGER NOT NULL,
	first_signed_in_at INTEGER,
	space INTEGER NOT NULL
);
-- Whether an administrator has ever signed in is asked at each command of the host.
CREATE INDEX member_role ON member (role, first_signed_in_at);

CREATE TABLE app_password (
	id INTEGER PRIMARY KEY NOT NULL,
	member INTEGER NOT NULL,
	hash BLOB NOT NULL UNIQUE, -- SHA-256 of 256 random bits
	label BLOB NOT NULL, -- sealed
	created_at INTEGER NOT NULL,
	last_used INTEGER -- days since 1970
);
CREATE INDEX app_password_member ON app_password (member);

-- Browsers that are signed in, and links that sign one in once; times are service time.
CREATE TABLE session (
	id INTEGER PRIMARY KEY NOT NULL,
	member INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	hash BLOB NOT NULL UNIQUE, -- SHA-256 of 256 random bits
	label BLOB NOT NULL, -- sealed
	created_at INTEGER NOT NULL,
	used_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
);
CREATE INDEX session_member ON session (member, used_at);

CREATE TABLE space (
	node INTEGER PRIMARY KEY NOT NULL,
	kind INTEGER NOT NULL,
	member INTEGER -- whose personal space
);
CREATE INDEX space_member ON space (member) WHERE member IS NOT NULL;
CREATE INDEX space_kind ON space (kind);

CREATE TABLE node (
	id INTEGER PRIMARY KEY NOT NULL,
	parent INTEGER NOT NULL,
	name_key BLOB NOT NULL, -- L18; the id where the parent is a fixed node
	name BLOB NOT NULL, -- sealed
	kind INTEGER NOT NULL,
	content INTEGER, -- files only
	size INTEGER NOT NULL,
	mtime INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	changed_at INTEGER NOT NULL, -- content or dates, not name or place
	changed_by INTEGER NOT NULL,
	tag INTEGER NOT NULL, -- a folder's is the number that made it
	UNIQUE (parent, name_key)
);
CREATE INDEX node_content ON node (content) WHERE content IS NOT NULL;

-- The number of the last segment that changed something below the folder.
CREATE TABLE folder_tag (
	id INTEGER PRIMARY KEY NOT NULL,
	tag INTEGER NOT NULL
);

-- A content of one chunk has the chunk's columns in its own row.
CREATE TABLE content (
	id INTEGER PRIMARY KEY NOT NULL,
	size INTEGER NOT NULL,
	digest BLOB, -- sealed SHA-256; NULL while an upload goes on
	sha1 BLOB, -- sealed
	chunks INTEGER NOT NULL,
	key BLOB, -- sealed
	data BLOB, -- data segment, or:
	number INTEGER, -- numbered segment, offset from its body's start
	offset INTEGER NOT NULL,
	made INTEGER -- the number that made it complete
);
CREATE INDEX content_made ON content (made) WHERE made IS NOT NULL;
CREATE INDEX content_data ON content (data) WHERE data IS NOT NULL;
CREATE INDEX content_number ON content (number) WHERE number IS NOT NULL;
-- Uploads that are under way, or that a crash left behind.
CREATE INDEX content_unfinished ON content (id) WHERE digest IS NULL;

CREATE TABLE chunk (
	content INTEGER NOT NULL,
	start INTEGER NOT NULL,
	size INTEGER NOT NULL,
	key BLOB NOT NULL, -- sealed
	data BLOB,
	number INTEGER,
	offset INTEGER NOT NULL,
	PRIMARY KEY (content, start)
) WITHOUT ROWID;
CREATE INDEX chunk_data ON chunk (data) WHERE data IS NOT NULL;
CREATE INDEX chunk_number ON chunk (number) WHERE number IS NOT NULL;

CREATE TABLE version (
	id INTEGER PRIMARY KEY NOT NULL,
	node INTEGER NOT NULL,
	content INTEGER NOT NULL,
	size INTEGER NOT NULL,
	mtime INTEGER NOT NULL,
	made_at INTEGER NOT NULL,
	made_by INTEGER NOT NULL,
	replaced_at INTEGER NOT NULL,
	kept_until INTEGER NOT NULL
);
CREATE INDEX version_node ON version (node, id);
CREATE INDEX version_content ON version (content);
CREATE INDEX version_kept_until ON version (kept_until);

CREATE TABLE trash (
	node INTEGER PRIMARY KEY NOT NULL,
	parent INTEGER NOT NULL, -- where it was
	space INTEGER NOT NULL,
	deleted_at INTEGER NOT NULL,
	deleted_by INTEGER NOT NULL,
	kept_until INTEGER NOT NULL
);
CREATE INDEX trash_space ON trash (space, node);
CREATE INDEX trash_kept_until ON trash (kept_until);

-- Locks of WebDAV. A lock's end is its end: its row may stand a while longer.
CREATE TABLE lock (
	id INTEGER PRIMARY KEY NOT NULL,
	node INTEGER NOT NULL,
	member INTEGER NOT NULL, -- who alone may use its token
	shared INTEGER NOT NULL,
	deep INTEGER NOT NULL, -- all below a folder, too
	token BLOB NOT NULL, -- sealed
	owner BLOB NOT NULL, -- sealed XML: what the client says of its user
	expires_at INTEGER NOT NULL
);
CREATE INDEX lock_node ON lock (node);
CREATE INDEX lock_member ON lock (member, expires_at);
CREATE INDEX lock_expires_at ON lock (expires_at);

-- Properties that WebDAV clients give to files and folders.
CREATE TABLE property (
	id INTEGER PRIMARY KEY NOT NULL,
	node INTEGER NOT NULL,
	name_key BLOB NOT NULL, -- keyed hash of node, namespace and name
	body BLOB NOT NULL, -- sealed
	UNIQUE (node, name_key)
);

CREATE TABLE upload (
	id INTEGER PRIMARY KEY NOT NULL,
	member INTEGER NOT NULL,
	parent INTEGER NOT NULL,
	name BLOB NOT NULL, -- sealed
	size INTEGER, -- NULL while it is not known
	offset INTEGER NOT NULL,
	content INTEGER NOT NULL,
	sha256 BLOB NOT NULL, -- sealed state
	sha1 BLOB, -- sealed state
	mtime INTEGER,
	if_exists INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
);
CREATE INDEX upload_member ON upload (member);
CREATE INDEX upload_content ON upload (content);
CREATE INDEX upload_expires_at ON upload (expires_at);

CREATE TABLE idempotency (
	key BLOB PRIMARY KEY NOT NULL, -- keyed hash of member and key
	request BLOB NOT NULL,
	result BLOB NOT NULL, -- sealed
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);

-- Which sites had a number when it was acknowledged, and when (L24): of numbers
-- that made a content, and the newest of each site.
CREATE TABLE ack (
	site BLOB NOT NULL,
	number INTEGER NOT NULL,
	time INTEGER NOT NULL,
	PRIMARY KEY (site, number)
) WITHOUT ROWID;

CREATE TABLE audit (
	id INTEGER PRIMARY KEY NOT NULL,
	wall INTEGER NOT NULL,
	member INTEGER NOT NULL,
	action INTEGER NOT NULL,
	node INTEGER NOT NULL,
	body BLOB NOT NULL -- sealed
);

-- What every administrator is to see.
CREATE TABLE notice (
	id INTEGER PRIMARY KEY NOT NULL,
	kind INTEGER NOT NULL,
	made_at INTEGER NOT NULL,
	subject BLOB NOT NULL, -- sealed
	text BLOB NOT NULL -- sealed
);
-- Up to which notice an administrator has acknowledged them.
CREATE TABLE notice_seen (
	member INTEGER PRIMARY KEY NOT NULL,
	up_to INTEGER NOT NULL
);

CREATE TABLE local_log (
	number INTEGER PRIMARY KEY NOT NULL,
	counter INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	hash BLOB NOT NULL,
	body_offset INTEGER NOT NULL,
	changes INTEGER NOT NULL -- 1: the segment carries changes
);
CREATE TABLE local_data (
	id BLOB PRIMARY KEY NOT NULL,
	hash BLOB NOT NULL,
	size INTEGER NOT NULL,
	number INTEGER NOT NULL -- that added it
) WITHOUT ROWID;
CREATE TABLE local_aside (
	number INTEGER NOT NULL,
	counter INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	hash BLOB NOT NULL,
	PRIMARY KEY (number, counter, attempt, hash)
) WITHOUT ROWID;
CREATE TABLE local_state (
	key TEXT PRIMARY KEY NOT NULL,
	value BLOB NOT NULL
) WITHOUT ROWID;
