"""SHA-256 of a few bytes without `hashlib`, which takes 3 ms and loads OpenSSL into the program."""

try:
    from _sha2 import sha256  # Python 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:  # an interpreter that was built without its own
        from hashlib import sha256

__all__ = ["sha256"]
