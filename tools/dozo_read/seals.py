"""Primitives, and the objects that are neither segments nor rows (3 to 7, 12)."""
import hashlib
import hmac
from collections import namedtuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

FRAME, TAG = 65536, 16


class Damaged(Exception):
    """These bytes are not what was written."""


class Newer(Exception):
    """Intact, but not of format 1."""


def need(condition, what):
    if not condition:
        raise Damaged(what)


class Cursor:
    """Takes fields in order; reading beyond the end is damage."""

    def __init__(self, data, order="little"):
        self.data, self.at, self.order = data, 0, order

    def take(self, size):
        need(size <= len(self.data) - self.at, "ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), self.order)

    def uints(self, *sizes):
        return [self.uint(size) for size in sizes]

    def zeros(self, size):
        need(not any(self.take(size)), "zeros are not zeros")

    def more(self):
        return self.at < len(self.data)

    def end(self):
        need(not self.more(), "bytes after the end")


# ---- primitives (3)

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def hkdf(key, salt, info, size):
    key, out, block = hmac.digest(salt, key, "sha256"), b"", b""
    while len(out) < size:
        block = hmac.digest(key, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:size]


def sealed_size(plain):
    return plain + TAG * max(1, -(-plain // FRAME))


def frames_of(sealed):
    step = FRAME + TAG
    return [sealed[i:i + step] for i in range(0, len(sealed), step)]


def frames_open(key, ad, sealed):
    frames, aead, out = frames_of(sealed), AESGCM(key), []
    for i, frame in enumerate(frames):
        nonce = i.to_bytes(11, "big") + bytes([i == len(frames) - 1])
        try:
            out.append(aead.decrypt(nonce, frame, ad))
        except InvalidTag:
            raise Damaged("a frame does not open") from None
    return b"".join(out)


def pieces(*parts):
    """Each with its length; a number is 8 bytes (3.2)."""
    out = b""
    for part in parts:
        if isinstance(part, int):
            part = part.to_bytes(8, "big")
        out += len(part).to_bytes(4, "big") + part
    return out


def siv_of_nothing(key, ad):
    """V of an empty plaintext (RFC 5297), which OpenSSL's SIV does not take."""
    def mac(data):
        cmac = CMAC(AES(key[:32]))
        cmac.update(data)
        return int.from_bytes(cmac.finalize(), "big")

    def doubled(value):
        return (value << 1) % (1 << 128) ^ (0x87 if value >> 127 else 0)

    value = mac(bytes(16))
    for text in ad:
        value = doubled(value) ^ mac(text)
    return mac((doubled(value) ^ 1 << 127).to_bytes(16, "big")).to_bytes(16, "big")


def siv_open(key, ad, sealed):
    ad = [ad, b"dozo-siv-nonce-1"]
    need(len(sealed) >= TAG, "a sealed field is too short")
    try:
        if len(sealed) > TAG:
            return AESSIV(key).decrypt(sealed, ad)
    except InvalidTag:
        raise Damaged("a sealed field does not open") from None
    need(siv_of_nothing(key, ad) == sealed, "a sealed field does not open")
    return b""


# ---- objects that are not sealed (4, 5)

SiteId = namedtuple("SiteId", "service id name")
Register = namedtuple("Register", "version m sites")
Fence = namedtuple("Fence", "scope counter wall claim registers host")


def text(data, most):
    need(1 <= len(data) <= most, "a text of %d bytes" % len(data))
    need(min(data) >= 32 and 127 not in data, "control characters")
    return data.decode(errors="replace")


def format_check(found):
    need(found > 0, "format 0")
    if found > 1:
        raise Newer("format %d" % found)


def plain_object(data, magic):
    need(len(data) >= 42 and data[:8] == magic, "no " + magic.decode())
    need(sha256(data[:-32]) == data[-32:], "the SHA-256 is wrong")
    format_check(int.from_bytes(data[8:10], "little"))
    return Cursor(data[10:-32])


def site_id_read(data):
    c = plain_object(data, b"dozo-sid")
    found = SiteId(c.take(16), c.take(16), text(c.take(c.uint(2)), 32))
    c.end()
    return found


def register_read(c):
    version, m, n = c.uints(8, 4, 4)
    need(version > 0 and 1 <= m <= n <= 16, "a register")
    sites = [c.take(16) for _ in range(n)]
    need(len(set(sites)) == n, "a site twice in a register")
    return Register(version, m, sites)


def fence_read(data):
    c = plain_object(data, b"dozo-fen")
    scope, counter = c.uints(4, 8)
    wall, claim = int.from_bytes(c.take(8), "little", signed=True), c.take(16)
    registers = [register_read(c) for _ in range(c.uint(4))]
    versions = [register.version for register in registers]
    need(counter > 0 and 1 <= len(versions) <= 2 and
         versions[-1] == versions[0] + len(versions) - 1, "a fence")
    host = text(c.take(c.uint(2)), 64)
    c.end()
    if scope != 0:
        raise Newer("scope %d" % scope)
    return Fence(scope, counter, wall, claim, registers, host)


# ---- keys (6, 7)

Keyring = namedtuple("Keyring", "tenant version root epochs")


def keystore_read(data):
    """Service id and the site keys by site id."""
    need(len(data) >= 72 and data[:8] == b"dozoKEYS", "no keystore")
    need(sha256(data[:-32]) == data[-32:], "the SHA-256 is wrong")
    c = Cursor(data[8:-32], "big")
    if c.uints(2, 2) != [1, 0]:
        raise Newer("a keystore of another format or protection")
    need(c.uint(4) > 0, "version 0")
    service, n, keys = c.take(16), c.uint(2), {}
    c.zeros(6)
    need(n <= 16, "too many sites")
    for _ in range(n):
        site, name, raw = c.take(16), c.take(32), c.take(32)
        text(name.rstrip(b"\0"), 32)
        need(site not in keys, "a site twice")
        keys[site] = hkdf(raw, service + site, b"dozo site key", 64)
    c.end()
    return service, keys


def keyring_open(data, tenant, site, site_key):
    need(len(data) >= 148 and data[:8] == b"dozoRING", "no keyring")
    plain = siv_open(site_key, pieces(data[:64]), data[64:])
    c = Cursor(data[8:64], "big")
    if c.uint(2) != 1:
        raise Newer("a keyring of another format")
    c.zeros(6)
    need(c.take(32) == site.service + site.id, "a keyring of another site")
    need(c.uint(8) == tenant, "a keyring of another tenant")
    version, c = c.uint(8), Cursor(plain, "big")
    root, flags, n, signing = c.take(32), c.uint(2), c.uint(2), c.take(32)
    need(version > 0 and flags <= 1 and (flags or not any(signing)), "flags")
    epochs = {}
    for _ in range(n):
        epoch = c.uint(4)
        need(epoch > max(epochs, default=0), "epochs do not rise")
        epochs[epoch] = c.take(32)
    c.end()
    need(1 <= n <= 64, "number of epochs")
    return Keyring(tenant, version, root, epochs)


def key_of(ring, purpose, size):
    return hkdf(ring.root, ring.tenant.to_bytes(8, "big"), b"dozo " + purpose, size)


# ---- heads (12)

def heads_open(data, counter, version, site, site_key):
    """(number, hash) by tenant."""
    need(len(data) >= 28 and data[:8] == b"dozo-hds", "no heads")
    plain = siv_open(site_key, pieces(b"heads", data[:28], site.service, site.id), data[28:])
    c = Cursor(data[8:28])
    format_check(c.uint(4))
    need(c.uints(8, 8) == [counter, version], "another's name")
    c = Cursor(plain)
    need(len(c.take(160).rstrip(b"\0").split()) == 5, "a stamp")
    heads = {c.uint(8): (c.uint(8), c.take(32)) for _ in range(c.uint(4))}
    c.end()
    return heads
