-- The schema of the provider's database; the rules of ../tenant/migrate-0001.sql hold.

CREATE TABLE counter (
	name TEXT PRIMARY KEY NOT NULL,
	value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('id', 1000);

CREATE TABLE setting (
	name TEXT PRIMARY KEY NOT NULL,
	value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO setting (name, value) VALUES ('fold_version', 1);

CREATE TABLE tenant (
	id INTEGER PRIMARY KEY NOT NULL, -- random, 63 bits
	name_key BLOB NOT NULL UNIQUE,
	name BLOB NOT NULL, -- sealed
	lang INTEGER NOT NULL,
	state INTEGER NOT NULL, -- intent, active ... (L25)
	created_at INTEGER NOT NULL
);
CREATE INDEX tenant_state ON tenant (state);

-- The register's facts (L20): the record, never the switch.
CREATE TABLE register_fact (
	version INTEGER PRIMARY KEY NOT NULL,
	body BLOB NOT NULL,
	made_at INTEGER NOT NULL
);

CREATE TABLE site (
	id BLOB PRIMARY KEY NOT NULL,
	name TEXT NOT NULL,
	place TEXT NOT NULL,
	country TEXT NOT NULL
) WITHOUT ROWID;

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
	node INTEGER NOT NULL, -- the tenant
	body BLOB NOT NULL -- sealed
);

CREATE TABLE local_log (
	number INTEGER PRIMARY KEY NOT NULL,
	counter INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	hash BLOB NOT NULL,
	body_offset INTEGER NOT NULL,
	changes INTEGER NOT NULL
);
CREATE TABLE local_data (
	id BLOB PRIMARY KEY NOT NULL,
	hash BLOB NOT NULL,
	size INTEGER NOT NULL,
	number INTEGER NOT NULL
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
