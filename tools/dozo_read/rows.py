"""Changesets, and the rows that they make (9, 10)."""
import struct
from collections import namedtuple

from .seals import Cursor, Damaged, Newer, key_of, need, pieces, sha256, siv_open

UNDEFINED = object()
INSERT, DELETE, UPDATE = 18, 9, 23
Change = namedtuple("Change", "table key kind old new")


# ---- changesets (9)

def varint(c):
    value = 0
    for _ in range(8):
        byte = c.uint(1)
        value = value << 7 | byte & 127
        if byte < 128:
            return value
    return value << 8 | c.uint(1)


def value_read(c):
    kind = c.uint(1)
    if kind in (0, 5):
        return None if kind else UNDEFINED
    if kind in (1, 2):
        return struct.unpack(">q" if kind == 1 else ">d", c.take(8))[0]
    need(kind in (3, 4), "a value of type %d" % kind)
    data = c.take(varint(c))
    try:
        return data if kind == 4 else data.decode()
    except UnicodeDecodeError:
        raise Damaged("a text that is not UTF-8") from None


def changeset_read(data):
    """The changes of a changeset, in order."""
    c, table, key, changes = Cursor(data, "big"), None, [], []
    while c.more():
        kind = c.uint(1)
        if kind == ord("T"):
            key = list(c.take(varint(c)))
            stop = data.find(b"\0", c.at)
            need(key and stop > c.at, "a table's header")
            table = c.take(stop - c.at).decode(errors="replace")
            c.take(1)
            continue
        need(table and kind in (INSERT, DELETE, UPDATE), "no row")
        need(c.uint(1) <= 1, "flag")
        old = [value_read(c) for _ in key] if kind != INSERT else []
        new = [value_read(c) for _ in key] if kind != DELETE else []
        need(kind == UPDATE or UNDEFINED not in old + new, "missing values")
        changes.append(Change(table, key, kind, old, new))
    return changes


# ---- the schemas (10.1): columns in order, * those of the primary key

BOTH = {
    "ack": "*number *site time",
    "audit": "*id wall member action node body",
    "counter": "*name value",
    "setting": "*name value",
}
TENANT = BOTH | {
    "app_password": "*id member hash label created_at last_used",
    "chunk": "*content *start size key data number offset",
    "content": "*id size digest sha1 chunks key data number offset",
    "folder_tag": "*id tag",
    "idempotency": "*key request result expires_at",
    "member": "*id login_key name role status password created_at first_signed_in_at space",
    "node": "*id parent name_key name kind content size mtime created_at changed_at "
            "changed_by tag",
    "space": "*node kind member",
    "trash": "*node parent space deleted_at deleted_by kept_until",
    "upload": "*id member parent name size offset content sha256 sha1 mtime if_exists "
              "created_at expires_at",
    "version": "*id node content size mtime made_at made_by replaced_at kept_until",
}
PROVIDER = BOTH | {
    "register_fact": "*version body made_at",
    "site": "*id name place country",
    "tenant": "*id name_key name lang state created_at",
}
MIGRATIONS = {  # SHA-256 of version 1
    False: "c070005ee954fe2621c208cc53254dd49614ca3c08f3a10a0f8d1a3f3125387b",
    True: "cd02fb441e5252c607401aa505a407c3000c8a8650189482797528a2a026045e",
}
SEALED = {  # column: bytes of its plaintext, None for any (10.2)
    "app_password": {"label": None},
    "audit": {"body": None},
    "content": {"digest": 32, "sha1": 20},
    "member": {"name": None, "password": None},
    "node": {"name": None},
    "tenant": {"name": None},
    "upload": {"name": None, "sha256": 128, "sha1": 128},
}


class Table:
    def __init__(self, columns):
        self.columns = [name.lstrip("*") for name in columns.split()]
        self.key = [i for i, name in enumerate(columns.split()) if name[0] == "*"]
        self.rows = {}

    def apply(self, change):
        """A row as it was, or not at all (9)."""
        places = [change.key.index(i + 1) if i + 1 in change.key else -1
                  for i in range(sum(map(bool, change.key)))]
        need(len(change.key) == len(self.columns) and places == self.key, "columns")
        key = tuple((change.old or change.new)[i] for i in self.key)
        need(UNDEFINED not in key, "no key")
        row = self.rows.get(key)
        if change.kind == INSERT:
            need(row is None, "a conflict")
            self.rows[key] = change.new
            return
        need(row and all(a in (b, UNDEFINED) for a, b in zip(change.old, row)), "a conflict")
        if change.kind == DELETE:
            del self.rows[key]
            return
        need(any(v is not UNDEFINED for v in change.new), "an update of nothing")
        need(all(change.new[i] is UNDEFINED for i in self.key), "a key changes")
        self.rows[key] = [b if a is UNDEFINED else a for a, b in zip(change.new, row)]


class Rows:
    """A tenant's tables (10)."""

    def __init__(self, ring):
        self.tenant, self.siv, self.tables = ring.tenant, key_of(ring, b"siv", 64), {}

    def migrate(self, record):
        """A migration record (8.3): only version 1 is known."""
        need(len(record) == 36, "a migration")
        provider = self.tenant == 0
        if record[:4] != b"\1\0\0\0":
            raise Newer("a schema that this reader does not know")
        need(record[4:].hex() == MIGRATIONS[provider] and not self.tables, "a migration")
        schema = PROVIDER if provider else TENANT
        self.tables = {name: Table(schema[name]) for name in sorted(schema)}
        self.tables["counter"].rows[("id",)] = ["id", 1000]
        self.tables["setting"].rows[("fold_version",)] = ["fold_version", 1]

    def apply(self, changes):
        for change in changes:
            need(change.table in self.tables, "no table " + change.table)
            try:
                self.tables[change.table].apply(change)
            except Damaged as error:
                raise Damaged("%s: %s" % (change.table, error)) from None

    def each(self, table):
        """Rows as namedtuples, in the order of their keys."""
        found = self.tables.get(table)
        if found is None:
            return []
        row = namedtuple(table, found.columns)
        return [row(*found.rows[key]) for key in sorted(found.rows)]

    def open(self, table, column, *row, sealed):
        """A sealed column (10.2)."""
        ad = pieces(self.tenant, table.encode(), column.encode(), *row)
        try:
            plain = siv_open(self.siv, ad, sealed)
        except Damaged as error:
            raise Damaged("%s %s of %d: %s" % (table, column, row[0], error)) from None
        size = SEALED.get(table, {}).get(column)
        need(size in (None, len(plain)), "%s %s of %d: size" % (table, column, row[0]))
        return plain

    def open_all(self):
        """Every sealed column of every row; how many."""
        n = 0
        for table, columns in SEALED.items():
            for row in self.each(table):
                for column in columns:
                    if getattr(row, column) is not None:
                        plain = self.open(table, column, row[0], sealed=getattr(row, column))
                        n += 1
                        if column == "body":
                            audit_read(plain)
        return n

    def state_hash(self):
        """(10.6)"""
        parts = []
        for name, table in self.tables.items():
            parts += [b"T", hashed(name), hashed(len(table.columns))]
            for key in sorted(table.rows):
                parts += [b"R"] + [hashed(value) for value in table.rows[key]]
        return sha256(*parts)


def hashed(value):
    kinds = {int: 1, float: 2, str: 3, bytes: 4, type(None): 5}
    kind = kinds[type(value)]
    data = (struct.pack(">q" if kind == 1 else ">d", value) if kind < 3 else
            value.encode() if kind == 3 else value or b"")
    return struct.pack(">BQ", kind, len(data)) + data


def audit_read(body):
    """The fields of an audit row's body (10.5)."""
    c, fields = Cursor(body), []
    while c.more():
        fields.append((c.uint(1), c.take(c.uint(2))))
    return fields
