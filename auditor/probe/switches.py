"""Settings that the auditor wants changed in the program, made right after torch was imported; each is recorded."""


def apply(torch, wanted):
    """Set what is asked for; return (where, what) for whatever could not be set."""
    failed = []
    for name in sorted(wanted):
        try:
            _SWITCHES[name](torch, wanted[name])
        except Exception as error:
            failed.append(("switch", "%s was not set: %s: %s" % (name, type(error).__name__, error)))
    return failed


def _deterministic(torch, value):
    torch.use_deterministic_algorithms(bool(value))
    torch.backends.cudnn.benchmark = not value
    torch.backends.cudnn.deterministic = bool(value)


def _threads(torch, value):
    torch.set_num_threads(int(value))


_SWITCHES = {"deterministic": _deterministic, "threads": _threads}
