"""What one process of a replay has to tell the auditor."""

import json
import os

SHOWN_LIMIT = 50  # notes of one process
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


class Report:
    """`<report>/<name>.replay`: what one process of a replay has to tell, as JSON Lines. Its name is its claim.

    `names`: those that it may take, best first; where all are taken, the first one with a number that is free.
    """

    def __init__(self, folder, names, header):
        name, number, left = names[0], 1, list(names)
        while True:
            self.name = left.pop(0) if left else "%s~%d" % (name, number)
            path = os.path.join(folder, self.name + ".replay")
            try:
                self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _CLOEXEC, 0o666)
                break
            except FileExistsError:
                number += not left
        self._notes = 0
        self.write({"header": header})

    def write(self, fields):
        os.write(self._fd, (json.dumps(fields, sort_keys=True) + "\n").encode("ascii"))

    def note(self, text):
        self._notes += 1
        if self._notes <= SHOWN_LIMIT:
            self.write({"note": text})

    def abandon(self):
        os.close(self._fd)
