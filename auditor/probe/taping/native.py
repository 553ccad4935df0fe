"""Talks to the interposer for native code, where it is loaded into this process."""

import functools


def tell(place):
    """This process has that place, and what its interpreter asks for is on our tape."""
    function = _function("repro_audit_place")
    if function is not None:
        function(place.encode("utf-8"))


def unheard(real):
    """Return `real` so that what it asks for natively is left out of the native tape, because its answer is on ours."""
    mute = _function("repro_audit_mute")
    if mute is None:
        return real

    def quiet(size):
        mute(1)
        try:
            return real(size)
        finally:
            mute(0)

    return quiet


def lead_ctypes(ctypes):
    """Functions of `CDLL("libc.so.6")` are looked for in that library alone, past the interposer: lead them there."""
    original = ctypes.CDLL.__getitem__
    found = []  # the C library and what is loaded before it, once somebody asks

    @functools.wraps(original)
    def taken(self, name):
        if name in _INTERPOSED:
            if not found:
                found[:] = ctypes.CDLL("libc.so.6"), ctypes.CDLL(None)
            if self._handle == found[0]._handle:
                return self._FuncPtr((name, found[1]))
        return original(self, name)

    ctypes.CDLL.__getitem__ = taken


_INTERPOSED = {
    *("getrandom", "getentropy", "arc4random", "arc4random_buf", "arc4random_uniform", "syscall"),
    *("read", "pread", "pread64", "readv", "fopen", "fopen64", "fdopen", "freopen", "freopen64", "fclose"),
    *("fread", "fread_unlocked", "fgetc", "getc", "clock_gettime", "gettimeofday", "time"),
}


@functools.lru_cache(None)
def _function(name):
    """Return a function of the interposer, None where it is not loaded. Each takes one argument."""
    import ctypes

    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function.argtypes = [ctypes.c_int if name == "repro_audit_mute" else ctypes.c_char_p]
        function.restype = None
    return function
