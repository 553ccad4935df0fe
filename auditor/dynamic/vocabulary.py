"""What the name ids of two traces stand for, so that rows can be compared as numbers.

Ids are given out in the order in which names come up, so the same name may have another id in another run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Vocabulary:
    """Translates the candidate's name ids into the reference's.

    A name that the reference lacks gets an id above all of the reference's, the same one while the candidate grows.
    """

    def __init__(self, reference: Mapping[int, str], candidate: Mapping[int, str]) -> None:
        self.texts: dict[int, str] = {0: "", **reference}
        known = {text: number for number, text in sorted(self.texts.items(), reverse=True)}
        fresh = max(self.texts) + 1
        table: Array = np.zeros(max(candidate, default=0) + 1, np.uint32)
        for number, text in sorted(candidate.items()):
            if text not in known:
                known[text] = fresh
                self.texts[fresh] = text
                fresh += 1
            table[number] = known[text]
        self._table = table
        used = np.array(sorted({0, *candidate}), np.intp)
        self.identical = bool((table[used] == used).all())

    @property
    def size(self) -> int:
        """One more than the largest id in use."""
        return max(self.texts) + 1

    def translate(self, ids: Array) -> Array:
        """Candidate ids as reference ids; an id that no name was written for (a torn names file) becomes 0."""
        if self.identical:
            return ids
        translated: Array = self._table[np.minimum(ids, len(self._table) - 1)]
        return translated
