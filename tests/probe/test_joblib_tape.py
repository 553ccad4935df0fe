"""What functions draw that joblib calls is given back, whichever worker calls them and however many it gets at once."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("joblib")

PROGRAM = """
    import os, random
    from joblib import Parallel, delayed

    def task(number, drawn):
        return number, drawn, os.urandom(3), random.Random().random()

    if __name__ == "__main__":
        for backend in ("loky", "threading"):
            calls = (delayed(task)(number, random.random()) for number in range(9))
            print(backend, Parallel(n_jobs=2, backend=backend)(calls), os.urandom(2))
        print(Parallel(n_jobs=2)(delayed(os.urandom)(3) for _ in range(3)))
        print(Parallel(n_jobs=1)([delayed(task)(0, 1)]), random.random())
    """


def test_tasks_of_joblib_get_theirs_back_whichever_worker_runs_them(taped: Any) -> None:
    taped.write(PROGRAM)
    recorded = taped.record()
    assert "loky [(0, " in recorded
    printed, outcome = taped.replay()
    assert printed == recorded
    assert not outcome.divergences

    taped.write(PROGRAM.replace("return number", "os.urandom(number // 8)\n        return number"))
    _, outcome = taped.replay()
    # The program ends with that error, so that what it leaves on the tape may be told as well, and first.
    assert any("task main.j1.9" in each.text for each in outcome.divergences), "the ninth call asked for more"
