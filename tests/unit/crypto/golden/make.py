#!/usr/bin/env python3
"""Makes the known-answer files of keystore and keyring, format 1, and the
constants in the tests beside it, from docs/FORMAT.md alone: with Python's
cryptography (OpenSSL) and libargon2, none of dozo's own code. The files stay as
they are for ever; this shows where they came from.

usage: make.py FOLDER    writes keystore.v1, keystore-sealed.v1, keyring.v1,
                         keyring-signing.v1
       make.py           prints the constants
"""
import ctypes
import hashlib
import hmac
import os
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC


def be16(n):
    return struct.pack(">H", n)


def be32(n):
    return struct.pack(">I", n)


def be64(n):
    return struct.pack(">Q", n)


# AES-SIV (RFC 5297), written out, as no library shows all of it.

def cmac(key, text):
    mac = CMAC(algorithms.AES(key))
    mac.update(text)
    return mac.finalize()


def dbl(block):
    n = int.from_bytes(block, "big") << 1
    if n >> 128:
        n = (n & (1 << 128) - 1) ^ 0x87
    return n.to_bytes(16, "big")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def s2v(key, strings):
    d = cmac(key, bytes(16))
    for s in strings[:-1]:
        d = xor(dbl(d), cmac(key, s))
    last = strings[-1]
    if len(last) >= 16:
        return cmac(key, last[:-16] + xor(last[-16:], d))
    padded = last + b"\x80" + bytes(15 - len(last))
    return cmac(key, xor(dbl(d), padded))


def siv_encrypt(key, strings, plain):
    half = len(key) // 2
    v = s2v(key[:half], strings + [plain])
    q = bytearray(v)
    q[8] &= 0x7F
    q[12] &= 0x7F
    ctr = Cipher(algorithms.AES(key[half:]), modes.CTR(bytes(q))).encryptor()
    return v + ctr.update(plain) + ctr.finalize()


def siv_selftest():
    """RFC 5297, A.1 and A.2."""
    h = bytes.fromhex
    assert siv_encrypt(
        h("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
        [h("101112131415161718191a1b1c1d1e1f2021222324252627")],
        h("112233445566778899aabbccddee")) == h(
            "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c")
    assert siv_encrypt(
        h("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f"),
        [h("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa9988"
           "7766554433221100"),
         h("102030405060708090a0"), h("09f911029d74e35bd84156c5635688c0")],
        b"this is some plaintext to encrypt using SIV-AES") == h(
            "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17"
            "dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d")


def siv_seal(key, pieces, plain):
    ad = b"".join(be32(len(p)) + p for p in pieces)
    return siv_encrypt(key, [ad, b"dozo-siv-nonce-1"], plain)


# HKDF-SHA-256 (RFC 5869)

def hkdf(key, salt, info, size):
    prk = hmac.new(salt, key, hashlib.sha256).digest()
    out = block = b""
    n = 0
    while len(out) < size:
        n += 1
        block = hmac.new(prk, block + info + bytes([n]), hashlib.sha256).digest()
        out += block
    return out[:size]


# STREAM frames

FRAME = 65536


def aead_seal(key, ad, plain):
    frames = [plain[i:i + FRAME] for i in range(0, len(plain), FRAME)] or [b""]
    out = b""
    for i, frame in enumerate(frames):
        last = i + 1 == len(frames)
        nonce = bytes(7) + be32(i) + bytes([last])
        out += AESGCM(key).encrypt(nonce, frame, ad)
    return out


# The files

SERVICE = bytes(range(0x10, 0x20))
SITES = [(bytes([0xA0 + i] * 16), name, bytes((i * 32 + j) & 255 for j in range(32)))
         for i, name in enumerate(["tokyo", "osaka", "sapporo-0123456789-abcdefghijk-x"])]
FORMER = bytes(range(0xC0, 0xE0))
SALT = bytes(range(0xE0, 0xF0))
PASSPHRASE = b"a storehouse of earth walls"
TENANT = 0x0102030405060708
VERSION = 7
ROOT = bytes(range(0x40, 0x60))
SIGNING = bytes(range(0x80, 0xA0))
EPOCHS = [(3, bytes([0x33] * 32)), (4, bytes([0x44] * 32)), (9, bytes([0x99] * 32))]


def argon2id(passphrase, memory, passes, lanes, salt, size):
    key = ctypes.create_string_buffer(size)
    library = ctypes.CDLL("libargon2.so.1")
    u32, length = ctypes.c_uint32, ctypes.c_size_t
    assert library.argon2id_hash_raw(
        u32(passes), u32(memory), u32(lanes), passphrase, length(len(passphrase)),
        salt, length(len(salt)), key, length(size)) == 0
    return key.raw


def keystore_sites():
    """The second one's key is being rotated."""
    return b"".join(site + name.encode().ljust(32, b"\0") + raw +
                    (FORMER if i == 1 else bytes(32))
                    for i, (site, name, raw) in enumerate(SITES))


def keystore_header(protection):
    return (b"dozoKEYS" + be16(1) + be16(protection) + be32(5) + SERVICE +
            be16(len(SITES)) + bytes(6))


def keystore():
    body = keystore_header(0) + keystore_sites()
    return body + hashlib.sha256(body).digest()


def keystore_sealed():
    memory, passes, lanes = 256, 2, 2
    body = keystore_header(1)
    body += be32(memory) + be32(passes) + be32(lanes) + bytes(4) + SALT
    key = argon2id(PASSPHRASE, memory, passes, lanes, SALT, 64)
    body += siv_seal(key, [body], keystore_sites())
    return body + hashlib.sha256(body).digest()


def fingerprint():
    body = b"dozo keystore fingerprint" + SERVICE + be32(5)
    for site, name, raw in SITES:
        body += site + name.encode().ljust(32, b"\0") + raw
    return hashlib.sha256(body).hexdigest()[:32]


def keyring(site, raw, signing):
    header = b"dozoRING" + be16(1) + bytes(6) + SERVICE + site
    header += be64(TENANT) + be64(VERSION)
    payload = ROOT + be16(1 if signing else 0) + be16(len(EPOCHS))
    payload += signing or bytes(32)
    for number, key in EPOCHS:
        payload += be32(number) + key
    key = hkdf(raw, SERVICE + site, b"dozo site key", 64)
    return header + siv_seal(key, [header], payload)


def pattern(size):
    return bytes((i * 7 + (i >> 8)) & 255 for i in range(size))


def constants():
    key = bytes(range(64))
    for pieces, size in [([], 0), ([], 5), ([b""], 5), ([b"ab", b"c"], 0),
                         ([b"ab", b"c"], 15), ([b"a", b"bc"], 15),
                         ([be64(1), b"node", b"name", be64(77)], 16),
                         ([be64(1), b"node", b"name", be64(77)], 100)]:
        print("siv", pieces, size, siv_seal(key, pieces, pattern(size)).hex())
    for size in [0, 1, 16, 65535, 65536, 65537, 131072, 200000]:
        sealed = aead_seal(key[:32], b"ad", pattern(size))
        print("aead", size, len(sealed), hashlib.sha256(sealed).hexdigest(),
              sealed.hex() if len(sealed) < 40 else "")
    sealed = aead_seal(bytes(32), b"", bytes(65537))
    print("aead zeros", sealed[:16].hex(), hashlib.sha256(sealed).hexdigest())
    for purpose, size in [("salt", 32), ("siv", 64)]:
        print("derive", purpose,
              hkdf(ROOT, be64(TENANT), b"dozo " + purpose.encode(), size).hex())
    print("site key", hkdf(SITES[0][2], SERVICE + SITES[0][0],
                           b"dozo site key", 64).hex())
    print("former site key", hkdf(FORMER, SERVICE + SITES[1][0],
                                  b"dozo site key", 64).hex())
    print("fingerprint", fingerprint())


def main():
    siv_selftest()
    if len(sys.argv) < 2:
        constants()
        return
    files = {
        "keystore.v1": keystore(),
        "keystore-sealed.v1": keystore_sealed(),
        "keyring.v1": keyring(SITES[0][0], SITES[0][2], None),
        "keyring-signing.v1": keyring(SITES[1][0], SITES[1][2], SIGNING),
    }
    for name, content in files.items():
        with open(os.path.join(sys.argv[1], name), "wb") as file:
            file.write(content)


main()
