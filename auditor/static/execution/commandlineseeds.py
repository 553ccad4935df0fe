"""Whether a configuration has the command line of a program seed: `seed_everything: 3` for a `LightningCLI`.

Which file a program is started with nobody knows. Of several programs of a project it is that whose folder is the
nearest; a file at the top, or in a folder beside all of them, may be anybody's.
"""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.static.project import Project

_COMMAND_LINE = (b"LightningCLI",)


def is_seeded_by_document(project: Project, program: str) -> bool:
    """Whether a document that may be this program's says so."""
    seeding = project.graph.configured_names.seeding
    if not seeding:
        return False
    others = [
        path
        for path in project.programs.entry_points
        if path != program and project.texts.are_reached(path, _COMMAND_LINE)
    ]
    return any(
        all(_shared(document, program) >= _shared(document, other) for other in others) for document in sorted(seeding)
    )


def _shared(document: str, program: str) -> int:
    """How many of the folders above both are the same ones."""
    count = 0
    for one, other in zip(document.split("/")[:-1], program.split("/")[:-1], strict=False):
        if one != other:
            break
        count += 1
    return count
