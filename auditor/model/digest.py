"""SHA-256 and BLAKE2b without `hashlib`, which loads OpenSSL: 3 ms, for the digests of a few short texts."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import blake2b, sha256
else:
    try:
        from _blake2 import blake2b
    except ImportError:  # an interpreter that was built without its own
        from hashlib import blake2b
    try:
        from _sha2 import sha256  # Python 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:  # an interpreter that was built without its own
            from hashlib import sha256

__all__ = ["blake2b", "content_digest", "sha256"]


def content_digest(data: bytes) -> bytes:
    """32 bytes that stand for a whole file. Without OpenSSL SHA-256 takes more than twice as long."""
    return blake2b(data, digest_size=32).digest()
