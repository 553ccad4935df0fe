"""The panes beside the list of findings: source, patch, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from auditor.model.location import Location
from auditor.model.patch import Applicability
from auditor.tui.drawing.explanation import explanation_rows
from auditor.tui.drawing.findings import TONES, Marks, SourceRows, place_of
from auditor.tui.lines import Piece, Row, RowList, fit_left, row, wrap
from auditor.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from auditor.model.finding import Finding
    from auditor.services.fix import PlannedPatch
    from auditor.tui.screens.frame import FrameScreen

TITLE_EDGES = 6
"""Cells of a title line that are not its words."""

PYTHON = (".py", ".ipynb", ".pyi")


class FindingDetails:
    """Draws one finding into the panes of its screen."""

    def __init__(self, screen: FrameScreen) -> None:
        self._screen = screen
        self.beside = False
        """Old and new text of a patch side by side."""

        self._in_source: tuple[str, Location] | None = None
        self._in_patch: tuple[object, ...] | None = None

    def _pane(self, name: str) -> Pane:
        return self._screen.query_one(f"#{name}", Pane)

    def draw(self, finding: Finding | None, shown: Location | None) -> None:
        """Show a finding, with the source of the place `shown`; None: its own."""
        if finding is None:
            self._in_source = self._in_patch = None
            self._pane("source").show(RowList(), left=(Piece("source"),))
            self._pane("patch").show(RowList(), left=(Piece("patch"),))
            why = self._pane("why")
            why.show(RowList(self._skipped_rows()), left=(Piece("why"),))
            return
        self._draw_source(finding, shown or finding.location)
        self._draw_patch(finding)
        self._draw_why(finding)

    def _draw_source(self, finding: Finding, shown: Location) -> None:
        pane, signs = self._pane("source"), self._screen.signs
        is_own = shown == finding.location
        message = f"{finding.rule_id} {finding.message}"
        if not is_own:
            message = next((each.message for each in finding.related if each.location == shown), message)
        lines = self._screen.audit.source.lines(shown)
        if not lines and is_own:
            lines = ("",) * (shown.line - 1) + finding.source_lines
        rows = SourceRows(
            lines,
            shown,
            message,
            TONES[finding.severity],
            width=pane.view.text_width,
            signs=signs,
            colored=shown.path.endswith(PYTHON),
        )
        right = "source" if is_own else "source of a related place"
        place = place_of(shown) if lines else f"{place_of(shown)}: cannot be read"
        room = max(pane.view.text_width - TITLE_EDGES, 12)
        if cell_len(place) > room:
            place = fit_left(place, room, signs.ellipsis)
        is_new = self._in_source != (finding.key, shown)
        self._in_source = finding.key, shown
        cursor = rows.marked_row if is_new else None
        pane.show(rows, left=(Piece(place),), right=(Piece(right, "muted"),), cursor=cursor)
        if is_new:
            pane.view.centre_cursor()

    # patch

    def _draw_patch(self, finding: Finding) -> None:
        pane, desk = self._pane("patch"), self._screen.session.desk
        patch = desk.patch(finding.key)
        width = pane.view.text_width
        if patch is None:
            is_planned = desk.is_planned
            self._in_patch = None
            text = f"No patch: {desk.why_none(finding.key)}." if is_planned else "Patches are being planned."
            rows = [row(Piece(f" {line}", "muted")) for line in wrap(text, width - 2)]
            pane.show(RowList(rows), left=(Piece("no patch" if is_planned else "patch"),), cursor=0)
            return
        from auditor.tui.drawing.patch import PatchRows, fits_beside, heading, patch_notes

        beside = self.beside and fits_beside(width)
        notes = patch_notes(patch, self._others(patch, finding), self._trial(finding), width)
        rows_of_patch = PatchRows(patch, notes, beside=beside, signs=self._screen.signs)
        shown = patch.id, patch.diff, beside, len(notes)
        is_new, self._in_patch = self._in_patch != shown, shown
        title = Piece(f"patch {desk.number(patch):,} of {desk.total:,}"), Piece("  "), heading(patch)
        pane.show(
            rows_of_patch,
            left=title,
            right=(Piece(f"{patch.title}  ", "muted"), Piece(patch.id, "muted")),
            cursor=rows_of_patch.first_change if is_new else None,
        )
        if is_new:
            pane.view.centre_cursor()

    def _others(self, patch: PlannedPatch, finding: Finding) -> list[str]:
        """The other findings that the patch removes."""
        keys = [key for key in patch.finding_keys if key != finding.key]
        others = [other for key in keys if (other := self._screen.session.finding(key))]
        return [f"{other.rule_id} {place_of(other.location)}" for other in others]

    def _trial(self, finding: Finding) -> tuple[str, str] | None:
        session = self._screen.session
        trial, proven = session.desk.trial(finding.key), session.desk.proven(finding.key)
        if trial is None and proven is None:
            return None
        from auditor.tui.drawing.patch import need_sentence, trial_sentence

        if trial is None:
            return need_sentence(proven, self._screen.signs) if proven is not None else None

        text, tone = trial_sentence(trial, session.first)
        together = len(trial.patches) - 1
        company = f", with {together} other {'patch' if together == 1 else 'patches'}" if together else ""
        return f"{text[:1].upper()}{text[1:]}{company}.", tone

    # why

    def _draw_why(self, finding: Finding) -> None:
        session, pane = self._screen.session, self._pane("why")
        rule = session.rule(str(finding.rule_id))
        rows = explanation_rows(
            finding,
            rule,
            session.proof(finding.key),
            pane.view.text_width,
            self._screen.signs,
            tuple(self._patch_words(finding)),
            _accepted(session.known.get(finding.key)),
        )
        name = rule.name if rule else ""
        pane.show(
            RowList(rows),
            left=(Piece(f"{finding.rule_id} {name}".strip()),),
            right=(Piece("why", "muted"),),
            cursor=pane.view.cursor if pane.view.has_focus else 0,
        )

    def _patch_words(self, finding: Finding) -> list[Piece]:
        """What there is to say of the patch in the pane that explains."""
        session = self._screen.session
        desk = session.desk
        words: list[Piece] = []
        if not desk.is_planned or self._pane("patch").display:
            return words
        patch = desk.patch(finding.key)
        if patch is None:
            return [*words, Piece(f"none: {desk.why_none(finding.key)}", "muted")]
        from auditor.tui.drawing.patch import heading

        piece = heading(patch)
        how = "e opens the place" if patch.applicability is Applicability.DISPLAY else "a applies it, v tries it"
        words.append(Piece(f"{piece.text}; {how}", piece.tone))
        trial = self._trial(finding)
        return [*words, Piece(*trial)] if trial is not None else words

    def _skipped_rows(self) -> list[Row]:
        scanned = self._screen.session.scanned
        skipped = scanned.skipped if scanned else ()
        return [row(Piece(f" not analysed: {each.subject}: {each.reason}", "muted")) for each in skipped]

    def marks(self, key: str) -> Marks:
        """What the row of a finding says beyond the scan."""
        session, signs = self._screen.session, self._screen.signs
        desk = session.desk
        patch, trial = desk.patch(key), desk.trial(key)
        word = Piece(desk.word(key))
        if patch is not None:
            tone = {Applicability.SAFE: "good", Applicability.UNSAFE: "warning"}.get(patch.applicability, "note")
            word = Piece(desk.word(key), tone)
        evidence = Piece("")
        is_known = key in session.known
        if is_known:  # a person has decided about it
            evidence = Piece("known", "muted")
        elif trial is not None:
            from auditor.tui.drawing.patch import trial_word

            evidence = trial_word(trial, signs)
        elif (proven := desk.proven(key)) is not None:
            from auditor.tui.drawing.patch import need_word

            evidence = need_word(proven)
        elif session.proof(key) is not None:
            evidence = Piece(f"{signs.differs} proved", "differs")
        return Marks(patch=word, evidence=evidence, is_marked=key in desk.marked, is_known=is_known)


def _accepted(reason: str | None) -> str:
    """What the baseline says of a finding; empty where it does not know it (`reason` is None)."""
    if reason is None:
        return ""
    return f"because {reason}" if reason else "in the baseline, without a reason"
