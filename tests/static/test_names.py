"""What names stand for. Each case is a small project; the call in the line marked `#` of `main.py` is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.static.project import Project

CASES: list[tuple[str, dict[str, str], str | None]] = [
    ("plain import", {"main.py": "import random\nrandom.shuffle(x)  #"}, "random.shuffle"),
    ("import as", {"main.py": "import numpy as np\nnp.random.rand()  #"}, "numpy.random.rand"),
    ("dotted import", {"main.py": "import numpy.random\nnumpy.random.rand()  #"}, "numpy.random.rand"),
    ("dotted import as", {"main.py": "import numpy.random as npr\nnpr.rand()  #"}, "numpy.random.rand"),
    ("from import", {"main.py": "from numpy import random\nrandom.rand()  #"}, "numpy.random.rand"),
    ("from import as", {"main.py": "from random import shuffle as mix\nmix(x)  #"}, "random.shuffle"),
    ("assigned module", {"main.py": "import numpy as np\nrng = np.random\nrng.rand()  #"}, "numpy.random.rand"),
    ("assigned function", {"main.py": "import random\nseed = random.seed\nseed(0)  #"}, "random.seed"),
    ("tuple assignment", {"main.py": "import random\na, b = random.seed, 1\na(0)  #"}, "random.seed"),
    ("walrus", {"main.py": "import random\nif (r := random):\n    r.seed(0)  #"}, "random.seed"),
    ("builtin", {"main.py": "sorted([])  #"}, "sorted"),
    ("shadowed builtin", {"main.py": "def sorted(x): return x\nsorted([])  #"}, ".main.sorted"),
    ("imported in a function", {"main.py": "def f():\n    import random\n    random.seed(0)  #"}, "random.seed"),
    ("imported elsewhere only", {"main.py": "def f():\n    import random\nrandom.seed(0)  #"}, None),
    (
        "try import",
        {"main.py": "try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp\nxp.random.rand()  #"},
        "cupy.random.rand",
    ),
    (
        "import or None",
        {"main.py": "try:\n    import numpy as np\nexcept ImportError:\n    np = None\nnp.random.rand()  #"},
        "numpy.random.rand",
    ),
    (
        "fallback definition",
        {
            "main.py": """
            try:
                from lightning import seed_everything
            except ImportError:
                def seed_everything(seed): pass
            seed_everything(0)  #
            """
        },
        "lightning.seed_everything",
    ),
    (
        "conditional import",
        {"main.py": "if x:\n    import random\nelse:\n    import random\nrandom.seed(0)  #"},
        "random.seed",
    ),
    ("rebound", {"main.py": "import random\nrandom = load()\nrandom.seed(0)  #"}, None),
    ("rebound afterwards", {"main.py": "import random\nrandom.seed(0)  #\nrandom = 3"}, "random.seed"),
    (
        "rebound for functions",
        {"main.py": "import random\ndef f():\n    random.seed(0)  #\nrandom = Deck()"},
        None,
    ),
    ("perhaps rebound", {"main.py": "import numpy as np\nr = np.random\nif x:\n    r = other()\nr.rand()  #"}, None),
    ("parameter", {"main.py": "import random\ndef f(random):\n    random.shuffle(x)  #"}, None),
    ("lambda parameter", {"main.py": "import random\nf = lambda random: random.shuffle(x)  #"}, None),
    ("local variable", {"main.py": "import random\ndef f():\n    random = 1\n    random.shuffle(x)  #"}, None),
    ("loop variable", {"main.py": "import random\nfor random in xs:\n    random.shuffle(x)  #"}, None),
    ("with variable", {"main.py": "import random\nwith open(p) as random:\n    random.shuffle(x)  #"}, None),
    (
        "exception variable",
        {"main.py": "import random\ntry: pass\nexcept E as random:\n    random.shuffle(x)  #"},
        None,
    ),
    ("comprehension variable", {"main.py": "import random\n[random.shuffle(x) for random in xs]  #"}, None),
    (
        "behind a comprehension",
        {"main.py": "import random\n[random for random in xs]\nrandom.seed(0)  #"},
        "random.seed",
    ),
    ("match capture", {"main.py": "import random\nmatch x:\n    case random:\n        random.seed(0)  #"}, None),
    ("class scope", {"main.py": "class A:\n    import random\n    random.seed(0)  #"}, "random.seed"),
    (
        "class scope is not seen by methods",
        {"main.py": "class A:\n    import random\n    def f(self):\n        random.seed(0)  #"},
        None,
    ),
    (
        "global",
        {"main.py": "def f():\n    global r\n    import random as r\ndef g():\n    r.seed(0)  #"},
        "random.seed",
    ),
    (
        "nonlocal",
        {
            "main.py": """
            def f():
                r = None
                def g():
                    nonlocal r
                    import random as r
                    r.seed(0)  #
            """
        },
        "random.seed",
    ),
    ("deleted", {"main.py": "import random\ndel random\nrandom.seed(0)  #"}, None),
    ("method of that name", {"main.py": "deck = Deck()\ndeck.shuffle()  #"}, None),
    (
        "project module random",
        {"main.py": "import random\nrandom.shuffle(x)  #", "random.py": "def shuffle(x): pass"},
        ".random.shuffle",
    ),
    (
        "package module random does not shadow",
        {"main.py": "", "pkg/__init__.py": "", "pkg/random.py": "", "pkg/a.py": "import random\nrandom.seed(0)  #"},
        "random.seed",
    ),
    ("folder of data", {"main.py": "import datasets\ndatasets.load(x)  #", "datasets/a.csv": ""}, "datasets.load"),
    (
        "re-export",
        {
            "main.py": "from lib import seed\nseed(0)  #",
            "lib/__init__.py": "from .s import seed",
            "lib/s.py": "from random import seed",
        },
        "random.seed",
    ),
    (
        "re-exported module",
        {"main.py": "from lib import np\nnp.random.rand()  #", "lib.py": "import numpy as np"},
        "numpy.random.rand",
    ),
    (
        "chain with renames",
        {
            "main.py": "import a\na.mix(x)  #",
            "a.py": "from b import jumble as mix",
            "b.py": "from random import shuffle as jumble",
        },
        "random.shuffle",
    ),
    (
        "circular re-export",
        {"main.py": "from a import f\nf()  #", "a.py": "from b import f", "b.py": "from a import f"},
        None,
    ),
    ("star of a known module", {"main.py": "from random import *\nshuffle(x)  #"}, "random.shuffle"),
    ("star of several", {"main.py": "from os import *\nfrom random import *\nshuffle(x)  #"}, "random.shuffle"),
    ("star does not take builtins", {"main.py": "from random import *\nlen(x)  #"}, "len"),
    (
        "star of a project module",
        {"main.py": "from lib import *\nshuffle(x)  #", "lib.py": "from random import shuffle"},
        "random.shuffle",
    ),
    (
        "star through two",
        {"main.py": "from a import *\nshuffle(x)  #", "a.py": "from b import *", "b.py": "from random import *"},
        "random.shuffle",
    ),
    (
        "relative import",
        {
            "main.py": "",
            "p/__init__.py": "",
            "p/a.py": "from .b import s\ns(0)  #",
            "p/b.py": "from random import seed as s",
        },
        "random.seed",
    ),
    (
        "relative module",
        {"main.py": "", "p/__init__.py": "", "p/a.py": "from . import b\nb.f()  #", "p/b.py": "def f(): pass"},
        ".p.b.f",
    ),
    ("relative parent", {"main.py": "", "p/q/a.py": "from ..b import f\nf()  #", "p/b.py": "def f(): pass"}, ".p.b.f"),
    ("beyond the top", {"main.py": "from ....b import f\nf()  #"}, None),
    (
        "src layout",
        {"main.py": "from pkg.a import f\nf()  #", "src/pkg/__init__.py": "", "src/pkg/a.py": "def f(): pass"},
        ".src.pkg.a.f",
    ),
    ("namespace package", {"main.py": "from ns.a import f\nf()  #", "ns/a.py": "def f(): pass"}, ".ns.a.f"),
    (
        "import a.b.c",
        {
            "main.py": "import a.b.c\na.b.c.f()  #",
            "a/__init__.py": "",
            "a/b/__init__.py": "",
            "a/b/c.py": "def f(): pass",
        },
        ".a.b.c.f",
    ),
    (
        "script's own folder",
        {"main.py": "", "s/__init__.py": "", "s/a.py": "import util\nutil.f()  #", "s/util.py": "def f(): pass"},
        ".s.util.f",
    ),
    (
        "generator object",
        {"main.py": "import numpy as np\nrng = np.random.default_rng(0)\nrng.shuffle(x)  #"},
        "numpy.random.Generator.shuffle",
    ),
    ("own Random", {"main.py": "import random\nr = random.Random(0)\nr.shuffle(x)  #"}, "random.Random.shuffle"),
    (
        "chosen generator",
        {"main.py": "import numpy as np\nr = np.random\nr = np.random.default_rng(0)\nr.shuffle(x)  #"},
        "numpy.random.Generator.shuffle",
    ),
    (
        "annotated parameter",
        {"main.py": "import numpy as np\ndef f(rng: np.random.Generator):\n    rng.shuffle(x)  #"},
        "numpy.random.Generator.shuffle",
    ),
    (
        "optional parameter",
        {
            "main.py": "import numpy as np\nfrom typing import Optional\ndef f(rng: Optional[np.random.Generator]):\n    rng.shuffle(x)  #"
        },
        "numpy.random.Generator.shuffle",
    ),
    ("own method", {"main.py": "class A:\n    def f(self):\n        self.g()  #\n    def g(self): pass"}, ".main.A.g"),
    (
        "inherited method",
        {
            "main.py": "from b import B\nclass A(B):\n    def f(self):\n        self.g()  #",
            "b.py": "class B:\n    def g(self): pass",
        },
        ".b.B.g",
    ),
    (
        "super",
        {"main.py": "class B:\n    def g(self): pass\nclass A(B):\n    def g(self):\n        super().g()  #"},
        ".main.B.g",
    ),
    (
        "outside base",
        {"main.py": "from torch import nn\nclass A(nn.Module):\n    def f(self):\n        self.cuda()  #"},
        "torch.nn.Module.cuda",
    ),
    (
        "attribute of self",
        {
            "main.py": "import numpy as np\nclass A:\n    def __init__(self):\n        self.r = np.random.default_rng(0)\n    def f(self):\n        self.r.shuffle(x)  #"
        },
        "numpy.random.Generator.shuffle",
    ),
    (
        "module kept in self",
        {
            "main.py": "import random\nclass A:\n    def __init__(self):\n        self.r = random\n    def f(self):\n        self.r.seed()  #"
        },
        "random.seed",
    ),
    (
        "two kinds in self",
        {
            "main.py": "import random\nclass A:\n    def __init__(self, r):\n        self.r = r or random\n    def f(self):\n        self.r.seed()  #"
        },
        None,
    ),
    (
        "class method",
        {
            "main.py": "class A:\n    @classmethod\n    def f(cls):\n        cls.g()  #\n    @staticmethod\n    def g(): pass"
        },
        ".main.A.g",
    ),
    (
        "factory",
        {"main.py": "class A:\n    def g(self): pass\ndef make():\n    return A()\nmake().g()  #"},
        ".main.A.g",
    ),
    (
        "import_module",
        {"main.py": "import importlib\nr = importlib.import_module('random')\nr.seed(0)  #"},
        "random.seed",
    ),
    ("getattr", {"main.py": "import numpy as np\ngetattr(np, 'random').rand()  #"}, "numpy.random.rand"),
    (
        "partial",
        {"main.py": "import random\nfrom functools import partial\ns = partial(random.seed, 0)\ns()  #"},
        "random.seed",
    ),
    ("self reference", {"main.py": "x = x.y\nx.z()  #"}, None),
    ("recursive factory", {"main.py": "def f():\n    return f()\nf().g()  #"}, None),
    ("class that extends itself", {"main.py": "class A(A):\n    def f(self):\n        self.g()  #"}, None),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_name_stands_for_what_python_would_find(
    project: Callable[..., Project], files: dict[str, str], expected: str | None
) -> None:
    found = project(files)
    for path in sorted(files):
        module = found.module(path) if path.endswith(".py") else None
        for call in module.calls if module else ():
            if module is not None and module.lines[call.node.lineno - 1].endswith("#") and _is_outer(call.node, module):
                assert call.callee == expected
                return
    raise AssertionError("no line is marked")


def _is_outer(node: object, module: object) -> bool:
    """The outermost call of its line."""
    parent = module.parent(node)  # type: ignore[attr-defined]
    while parent is not None and getattr(parent, "lineno", None) == getattr(node, "lineno", None):
        if type(parent).__name__ == "Call":
            return False
        parent = module.parent(parent)  # type: ignore[attr-defined]
    return True


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f(64)", 64),
        ("f(-3)", -3),
        ("N = 2 * 3 + 1\nf(N)", 7),
        ("f((1, 'a'))", (1, "a")),
        ("f(not True)", False),
        ("C = {'seed': 3}\nf(C)", {"seed": 3}),
        ("class C:\n    seed = 4\nf(C.seed)", 4),
        ("x = 1\nx = 2\nf(x)", 2),
        ("f(2 ** 10)", 1024),
    ],
)
def test_literals_are_read(project: Callable[..., Project], source: str, expected: object) -> None:
    module = project({"main.py": source}).module("main.py")
    assert module is not None
    assert module.constant(module.calls[-1].node.args[0]).value == expected  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "source",
    [
        "f(g())",
        "x = 1\nif y:\n    x = 2\nf(x)",
        "x = 1\nx += 1\nf(x)",
        "f(1 / 0)",
        "f(10 ** 10 ** 10)",
        "f(2 ** 100000)",
        "def g(x):\n    f(x)",
        "for x in (1, 2):\n    f(x)",
    ],
)
def test_what_is_not_certain_is_not_known(project: Callable[..., Project], source: str) -> None:
    module = project({"main.py": source}).module("main.py")
    assert module is not None
    call = next(call for call in module.calls if call.method == "f")
    assert not hasattr(module.constant(call.node.args[0]), "value")


def test_constants_cross_files(project: Callable[..., Project]) -> None:
    files = {"main.py": "from conf import SEED\nimport conf\nf(SEED, conf.SEED)", "conf.py": "SEED = 11"}
    module = project(files).module("main.py")
    assert module is not None
    assert [module.constant(arg).value for arg in module.calls[0].node.args] == [11, 11]  # type: ignore[union-attr]
