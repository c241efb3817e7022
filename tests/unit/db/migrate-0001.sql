-- The test's schema: the shapes of meta's tables in small.
CREATE TABLE node (
	id INTEGER PRIMARY KEY NOT NULL,
	parent INTEGER NOT NULL,
	name BLOB NOT NULL,
	size INTEGER NOT NULL,
	note TEXT,
	UNIQUE (parent, name)
);
CREATE TABLE etag (
	node INTEGER NOT NULL,
	kind TEXT NOT NULL,
	tag BLOB NOT NULL,
	PRIMARY KEY (node, kind)
) WITHOUT ROWID;
CREATE TABLE pair (
	b TEXT NOT NULL,
	a INTEGER NOT NULL,
	value,
	PRIMARY KEY (a, b)
);
CREATE TABLE local_head (
	id INTEGER PRIMARY KEY NOT NULL,
	number INTEGER NOT NULL
);
