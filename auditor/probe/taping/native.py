"""Talks to the interposer for native code, where it is loaded into this process."""


def tell(place):
    """This process has that place, and what its interpreter asks for is on our tape."""
    import ctypes

    function = getattr(ctypes.CDLL(None), "repro_audit_place", None)
    if function is not None:
        function.argtypes = [ctypes.c_char_p]
        function.restype = None
        function(place.encode("utf-8"))
