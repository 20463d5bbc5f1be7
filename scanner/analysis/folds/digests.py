"""Folds of checksums and digests. See `folding`."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable, Sequence

from scanner.analysis.folding import at_most, folds, from_bytes, known_only, to_bytes, truth
from scanner.analysis.scalars import INT

_SHA = frozenset(
    {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384", "sha3-512"}
)
_FNV = 0x811C9DC5, 0x01000193
_MAX_LONG_WAY = 20_000
"""Bytes that are counted one by one."""


def _fnv132(data: bytes) -> int:
    value = _FNV[0]
    for octet in data:
        value = value * _FNV[1] % 2**32 ^ octet
    return value


def _fnv1a32(data: bytes) -> int:
    value = _FNV[0]
    for octet in data:
        value = (value ^ octet) * _FNV[1] % 2**32
    return value


def _joaat(data: bytes) -> int:
    value = 0
    for octet in data:
        value = (value + octet) % 2**32
        value = (value + (value << 10)) % 2**32
        value ^= value >> 6
    value = (value + (value << 3)) % 2**32
    value ^= value >> 11
    return (value + (value << 15)) % 2**32


_SHORT: dict[str, Callable[[bytes], int]] = {
    "crc32b": zlib.crc32, "adler32": zlib.adler32, "fnv132": _fnv132, "fnv1a32": _fnv1a32, "joaat": _joaat,
}  # fmt: skip


def _digest(name: str, data: bytes) -> bytes | None:
    if name in _SHORT:
        return _SHORT[name](data).to_bytes(4, "big") if len(data) <= _MAX_LONG_WAY else None
    return _hashed(name, data) if name in _SHA else None


def _hashed(name: str, data: bytes) -> bytes:
    return hashlib.new(name.replace("sha3-", "sha3_"), data, usedforsecurity=False).digest()


def _shown(digest: bytes, args: Sequence[str], position: int) -> str:
    return from_bytes(digest) if truth(args, position) else digest.hex()


@folds("crc32", kind=INT)
@known_only
def _crc(args: Sequence[str]) -> str | None:
    return str(zlib.crc32(to_bytes(args[0])))


@folds("md5")
@known_only
def _md5(args: Sequence[str]) -> str | None:
    return _shown(_hashed("md5", to_bytes(args[0])), args, 1)


@folds("sha1")
@known_only
def _sha1(args: Sequence[str]) -> str | None:
    return _shown(_hashed("sha1", to_bytes(args[0])), args, 1)


@folds("hash")
@at_most(3)
@known_only
def _hash(args: Sequence[str]) -> str | None:
    digest = _digest(args[0].lower(), to_bytes(args[1]))
    return None if digest is None else _shown(digest, args, 2)


@folds("hash_hmac")
@known_only
def _hash_hmac(args: Sequence[str]) -> str | None:
    name = args[0].lower()
    if name not in _SHA:
        return None
    made = hmac.new(to_bytes(args[2]), to_bytes(args[1]), name.replace("sha3-", "sha3_")).digest()
    return _shown(made, args, 3)
