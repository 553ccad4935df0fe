"""The exception tree, split by who must act."""

from __future__ import annotations


class ReproAuditError(Exception):
    """Anything we raise on purpose; its message says what was found, where, and what to do."""


class UsageError(ReproAuditError):
    """The command line or the settings are wrong; the person who typed them must act."""


class ConflictError(UsageError):
    """Patches that were asked for cannot be applied together; names them and says why."""

    def __init__(self, message: str, patches: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.patches = patches
        """Ids of the patches."""


class RuleError(ReproAuditError):
    """A rule or library file is malformed; names the file and the key."""


class ProjectError(ReproAuditError):
    """The source to audit cannot be read or changed as asked."""


class ProgramError(ReproAuditError):
    """The audited program failed, so there is nothing to judge."""


class TraceFormatError(ReproAuditError):
    """A run's files are damaged, or of a version that this program does not read."""
