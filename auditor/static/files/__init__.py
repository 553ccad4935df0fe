"""Which files there are, which of them import which, which are run, and with which versions of packages."""
