"""Verdicts per program and library. Each case: files, the program, the library, the status."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from auditor.static.library_verdict import LibraryVerdict, SeedStatus
from auditor.static.project import Project

SEEDED, UNSEEDED, LATE = SeedStatus.SEEDED, SeedStatus.UNSEEDED, SeedStatus.TOO_LATE
CONDITIONAL, NONE, ENTROPY = SeedStatus.CONDITIONAL, SeedStatus.NONE, SeedStatus.ENTROPY

ARGPARSE = """
import argparse, random
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default={default})
args = parser.parse_args()
{rest}
random.random()
"""

HELPER = """
import random
import numpy as np
import torch

def set_all(seed=0):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
"""

SIMPLE: list[tuple[str, str, SeedStatus]] = [
    ("never", "import random\nrandom.random()", UNSEEDED),
    ("before", "import random\nrandom.seed(0)\nrandom.random()", SEEDED),
    ("after", "import random\nrandom.random()\nrandom.seed(0)", LATE),
    ("without a value", "import random\nrandom.seed()\nrandom.random()", ENTROPY),
    ("with None", "import random\nrandom.seed(None)\nrandom.random()", NONE),
    ("with the time", "import random, time\nrandom.seed(time.time())\nrandom.random()", ENTROPY),
    ("with the time, rounded", "import random, time\nseed = int(time.time() * 1000) % 1000\nrandom.seed(seed)\nrandom.random()", ENTROPY),
    ("with the date", "import random\nfrom datetime import datetime\nrandom.seed(datetime.now().microsecond)\nrandom.random()", ENTROPY),
    ("with the pid", "import random, os\nrandom.seed(3 + os.getpid())\nrandom.random()", ENTROPY),
    ("with urandom", "import random, os\nrandom.seed(int.from_bytes(os.urandom(4), 'big'))\nrandom.random()", ENTROPY),
    ("with the hash of a string", "import random\nname = 'a'\nrandom.seed(hash('run ' + name) if 0 else hash(f'run {name}'))\nrandom.random()", ENTROPY),
    ("with the hash of a number", "import random\nrandom.seed(hash(7))\nrandom.random()", SEEDED),
    ("with an unseeded draw", "import random\nimport numpy as np\nrandom.seed(np.random.randint(9))\nrandom.random()", ENTROPY),
    ("with a seeded draw", "import random\nimport numpy as np\nnp.random.seed(1)\nrandom.seed(np.random.randint(9))\nrandom.random()", SEEDED),
    ("with its own draw", "import random\nrandom.seed(random.randint(1, 9))\nrandom.random()", ENTROPY),
    ("from the environment", "import random, os\nrandom.seed(int(os.environ.get('SEED', 0)))\nrandom.random()", SEEDED),
    ("from a file", "import random, json\nrandom.seed(json.load(open('c.json'))['seed'])\nrandom.random()", SEEDED),
    ("in a function", "import random\ndef seed():\n    random.seed(0)\nseed()\nrandom.random()", SEEDED),
    ("helper never called", "import random\ndef seed():\n    random.seed(0)\nrandom.random()", UNSEEDED),
    ("called afterwards", "import random\ndef seed():\n    random.seed(0)\ndef draw():\n    random.random()\ndraw()\nseed()", LATE),
    ("parameter never passed", "import random\ndef seed(s=None):\n    random.seed(s)\nseed()\nrandom.random()", NONE),
    ("parameter passed", "import random\ndef seed(s=None):\n    random.seed(s)\nseed(3)\nrandom.random()", SEEDED),
    ("keyword passed", "import random\ndef seed(*, s=None):\n    random.seed(s)\nseed(s=3)\nrandom.random()", SEEDED),
    ("guarded parameter", "import random\ndef seed(s=None):\n    if s is None:\n        s = 7\n    random.seed(s)\nseed()\nrandom.random()", SEEDED),
    ("early return", "import random\ndef seed(s=None):\n    if s is None:\n        return\n    random.seed(s)\nseed()\nrandom.random()", CONDITIONAL),
    ("early return not taken", "import random\ndef seed(s=None):\n    if s is None:\n        return\n    random.seed(s)\nseed(4)\nrandom.random()", SEEDED),
    ("two seeds and a draw between", "import random\nrandom.seed(0)\nrandom.random()\nrandom.seed(1)\nrandom.random()", SEEDED),
    ("reseeded with None", "import random\nrandom.seed(0)\nrandom.seed(None)\nrandom.random()", NONE),
    ("state restored", "import random\nrandom.setstate(load())\nrandom.random()", SEEDED),
    ("both arms", "import random, sys\nif sys.argv:\n    random.seed(0)\nelse:\n    random.seed(1)\nrandom.random()", SEEDED),
    ("one arm", "import random, sys\nif sys.argv:\n    random.seed(0)\nrandom.random()", CONDITIONAL),
    ("the other arm stops", "import random, sys\nif sys.argv:\n    random.seed(0)\nelse:\n    sys.exit('no')\nrandom.random()", SEEDED),
    ("the other arm raises", "import random, sys\nif not sys.argv:\n    raise ValueError\nelse:\n    random.seed(0)\nrandom.random()", SEEDED),
    ("switched off", "import random\nDEBUG = False\nif DEBUG:\n    random.seed(0)\nrandom.random()", CONDITIONAL),
    ("switched on", "import random\nREPEATABLE = True\nif REPEATABLE:\n    random.seed(0)\nrandom.random()", SEEDED),
    ("in a loop", "import random\nfor seed in range(3):\n    random.seed(seed)\n    random.random()", SEEDED),
    ("several at once", "import random\nimport numpy as np\nfor seed in (random.seed, np.random.seed):\n    seed(0)\nrandom.random()", SEEDED),
    ("several modules", "import random\nimport numpy as np\nfor lib in [random, np.random]:\n    lib.seed(0)\nrandom.random()", SEEDED),
    ("in a comprehension", "import random\nimport numpy as np\n[f(0) for f in (random.seed, np.random.seed)]\nrandom.random()", SEEDED),
    ("in a try", "import random\ntry:\n    random.seed(0)\nexcept Exception:\n    print('no')\nrandom.random()", SEEDED),
    ("in a handler only", "import random\ntry:\n    load()\nexcept Exception:\n    random.seed(0)\nrandom.random()", UNSEEDED),
    ("in a with", "import random\nwith open('x') as f:\n    random.seed(0)\n    random.random()", SEEDED),
    ("alias", "import random\nset_seed = random.seed\nset_seed(1)\nrandom.random()", SEEDED),
    ("partial", "import random\nfrom functools import partial\nset_seed = partial(random.seed, 1)\nset_seed()\nrandom.random()", SEEDED),
    ("lambda", "import random\nset_seed = lambda: random.seed(1)\nset_seed()\nrandom.random()", SEEDED),
    ("method", "import random\nclass App:\n    def __init__(self):\n        self.seed()\n    def seed(self):\n        random.seed(0)\n    def run(self):\n        random.random()\nApp().run()", SEEDED),
    ("method never called", "import random\nclass App:\n    def seed(self):\n        random.seed(0)\n    def run(self):\n        random.random()\nApp().run()", UNSEEDED),
    ("seed kept in self", "import random\nclass App:\n    def __init__(self, seed=None):\n        self.seed = seed\n    def run(self):\n        random.seed(self.seed)\n        random.random()\nApp().run()", NONE),
    ("seed given to self", "import random\nclass App:\n    def __init__(self, seed=None):\n        self.seed = seed\n    def run(self):\n        random.seed(self.seed)\n        random.random()\nApp(seed=2).run()", SEEDED),
    ("overridden method", "import random\nclass Base:\n    def run(self):\n        self.seed()\n        random.random()\n    def seed(self): pass\nclass App(Base):\n    def seed(self):\n        random.seed(0)\nApp().run()", SEEDED),
    ("class attribute", "import random\nclass Config:\n    seed = None\nrandom.seed(Config.seed)\nrandom.random()", NONE),
    ("dataclass default", "import random\nfrom dataclasses import dataclass\n@dataclass\nclass Config:\n    seed: int = 3\nconfig = Config()\nrandom.seed(config.seed)\nrandom.random()", SEEDED),
    ("dataclass None", "import random\nfrom dataclasses import dataclass\n@dataclass\nclass Config:\n    seed: int | None = None\nconfig = Config()\nrandom.seed(config.seed)\nrandom.random()", NONE),
    ("dataclass None, given", "import random\nfrom dataclasses import dataclass\n@dataclass\nclass Config:\n    seed: int | None = None\nconfig = Config(seed=3)\nrandom.seed(config.seed)\nrandom.random()", SEEDED),
    ("dictionary", "import random\nconfig = {'seed': None}\nrandom.seed(config['seed'])\nrandom.random()", NONE),
    ("thread", "import random, threading\ndef work():\n    random.random()\nthreading.Thread(target=work).start()", UNSEEDED),
    ("thread after the seed", "import random, threading\ndef work():\n    random.random()\nrandom.seed(0)\nthreading.Thread(target=work).start()", SEEDED),
    ("map", "import random\ndef work(x):\n    return random.random()\nlist(map(work, [1]))", UNSEEDED),
    ("executor", "import random\nfrom concurrent.futures import ThreadPoolExecutor\ndef work(x):\n    return random.random()\nwith ThreadPoolExecutor() as pool:\n    list(pool.map(work, [1]))", UNSEEDED),
    ("decorator seeds", "import random\ndef seeded(f):\n    def wrapper(*a, **k):\n        random.seed(0)\n        return f(*a, **k)\n    return wrapper\n@seeded\ndef main():\n    random.random()\nmain()", SEEDED),
    ("decorator with arguments seeds", "import random\ndef seeded(n):\n    def outer(f):\n        def wrapper(*a, **k):\n            random.seed(n)\n            return f(*a, **k)\n        return wrapper\n    return outer\n@seeded(3)\ndef main():\n    random.random()\nmain()", SEEDED),
    ("decorated, draws outside", "import random\ndef plain(f):\n    def wrapper(*a, **k):\n        return f(*a, **k)\n    return wrapper\n@plain\ndef main():\n    random.random()\nmain()", UNSEEDED),
    ("recursion", "import random\ndef f(n):\n    random.random()\n    f(n - 1)\nf(3)", UNSEEDED),
    ("mutual recursion", "import random\ndef f(n):\n    g(n)\ndef g(n):\n    random.random()\n    f(n)\nf(3)", UNSEEDED),
    ("nested function", "import random\ndef main():\n    def draw():\n        return random.random()\n    random.seed(0)\n    return draw()\nmain()", SEEDED),
    ("table of functions", "import random, sys\ndef a():\n    random.random()\ndef b():\n    pass\n{'a': a, 'b': b}[sys.argv[1]]()", UNSEEDED),
    ("table after the seed", "import random, sys\ndef a():\n    random.random()\nRUN = {'a': a}\nrandom.seed(0)\nRUN[sys.argv[1]]()", SEEDED),
    ("main guard", "import random\ndef main():\n    random.seed(0)\n    random.random()\nif __name__ == '__main__':\n    main()", SEEDED),
    ("drawn above the guard", "import random\nx = random.random()\nif __name__ == '__main__':\n    random.seed(0)\n    print(x, random.random())", LATE),
    ("asyncio", "import random, asyncio\nasync def main():\n    random.seed(0)\n    random.random()\nasyncio.run(main())", SEEDED),
    ("class body", "import random\nclass A:\n    x = random.random()\nprint(A)", UNSEEDED),
    ("default value", "import random\ndef f(x=random.random()):\n    return x\nf()", UNSEEDED),
    ("argument of a seed", "import random\nprint(random.random())\nrandom.seed(0)", LATE),
    ("exit before", "import random, sys\nprint('x')\nsys.exit()\nrandom.random()", SEEDED),
]  # fmt: skip

OPTIONS: list[tuple[str, str, str, SeedStatus]] = [
    ("default number", "0", "random.seed(args.seed)", SEEDED),
    ("default None", "None", "random.seed(args.seed)", NONE),
    ("default None, guarded", "None", "if args.seed is not None:\n    random.seed(args.seed)", CONDITIONAL),
    ("default None, truth tested", "None", "if args.seed:\n    random.seed(args.seed)", CONDITIONAL),
    ("default number, guarded", "5", "if args.seed is not None:\n    random.seed(args.seed)", SEEDED),
    ("default number, truth tested", "5", "if args.seed:\n    random.seed(args.seed)", SEEDED),
    ("default zero, truth tested", "0", "if args.seed:\n    random.seed(args.seed)", CONDITIONAL),
    ("default -1, compared", "-1", "if args.seed >= 0:\n    random.seed(args.seed)", CONDITIONAL),
    ("default 1, compared", "1", "if args.seed >= 0:\n    random.seed(args.seed)", SEEDED),
    ("None replaced", "None", "if args.seed is None:\n    args.seed = 42\nrandom.seed(args.seed)", SEEDED),
    ("None replaced by a name", "None", "seed = args.seed if args.seed is not None else 42\nrandom.seed(seed)", SEEDED),
    ("None replaced by or", "None", "random.seed(args.seed or 42)", SEEDED),
    ("None replaced by a draw", "None", "if args.seed is None:\n    args.seed = random.randint(1, 9)\nrandom.seed(args.seed)", ENTROPY),
    ("None replaced by the time", "None", "import time\nrandom.seed(args.seed or int(time.time()))", ENTROPY),
    ("number, never replaced", "3", "import time\nrandom.seed(args.seed or int(time.time()))", SEEDED),
    ("both arms", "None", "if args.seed is not None:\n    random.seed(args.seed)\nelse:\n    random.seed(0)", SEEDED),
    ("through a function", "None", "def main(options):\n    random.seed(options.seed)\nmain(args)", NONE),
    ("as an argument", "None", "def main(seed):\n    random.seed(seed)\nmain(args.seed)", NONE),
    ("as an argument with a value", "1", "def main(seed):\n    random.seed(seed)\nmain(args.seed)", SEEDED),
    ("vars", "None", "random.seed(vars(args)['seed'])", NONE),
    ("getattr", "None", "random.seed(getattr(args, 'seed', None))", NONE),
    ("other option", "None", "random.seed(args.number)", SEEDED),
    ("set_defaults", "None", "parser.set_defaults(seed=1)\nrandom.seed(args.seed)", SEEDED),
]  # fmt: skip

PROJECTS: list[tuple[str, dict[str, str], str, SeedStatus]] = [
    ("helper in another module", {"main.py": "import random\nfrom lib import set_all\nset_all()\nrandom.random()", "lib.py": HELPER}, "random", SEEDED),
    ("helper seeds numpy too", {"main.py": "import numpy as np\nfrom lib import set_all\nset_all()\nnp.random.rand()", "lib.py": HELPER}, "numpy.random", SEEDED),
    ("helper imported, not called", {"main.py": "import random\nfrom lib import set_all\nrandom.random()", "lib.py": HELPER}, "random", UNSEEDED),
    ("wrong library", {"main.py": "import random\nimport numpy as np\nrandom.seed(0)\nnp.random.rand()"}, "numpy.random", UNSEEDED),
    ("seeded by an import", {"main.py": "import lib\nimport random\nrandom.random()", "lib.py": "import random\nrandom.seed(0)"}, "random", SEEDED),
    ("drawn by an import", {"main.py": "import lib\nimport random\nrandom.seed(0)\nrandom.random()", "lib.py": "import random\nX = random.random()"}, "random", LATE),
    ("imported in between", {"main.py": "import random\nrandom.seed(0)\nimport lib\nrandom.random()", "lib.py": "import random\nX = random.random()"}, "random", SEEDED),
    ("through a module without a word", {"main.py": "from mid import go\ngo()", "mid.py": "from low import act\ndef go():\n    act()", "low.py": "import random\ndef act():\n    random.random()"}, "random", UNSEEDED),
    ("options in another module", {"main.py": "import random\nfrom opts import parse\nargs = parse()\nrandom.seed(args.seed)\nrandom.random()", "opts.py": "import argparse\ndef parse():\n    p = argparse.ArgumentParser()\n    p.add_argument('--seed', type=int)\n    return p.parse_args()"}, "random", NONE),
    ("options known, seed given", {"main.py": "import random\nfrom opts import parse\nargs = parse()\nrandom.seed(args.seed)\nrandom.random()", "opts.py": "import argparse\ndef parse():\n    p = argparse.ArgumentParser()\n    p.add_argument('--seed', type=int, default=1)\n    return p.parse_args()"}, "random", SEEDED),
    ("lightning", {"main.py": "import lightning as L\nimport numpy as np\nL.seed_everything(1)\nnp.random.rand()"}, "numpy.random", SEEDED),
    ("pytorch_lightning", {"main.py": "from pytorch_lightning import seed_everything\nimport torch\nseed_everything(1, workers=True)\ntorch.randn(2)"}, "torch", SEEDED),
    ("transformers", {"main.py": "from transformers import set_seed\nimport random\nset_seed(3)\nrandom.random()"}, "random", SEEDED),
    ("accelerate", {"main.py": "from accelerate.utils import set_seed\nimport torch\nset_seed(3)\ntorch.randn(2)"}, "torch", SEEDED),
    ("a method named set_seed", {"main.py": "import random\nfrom lib import Model\nm = Model()\nm.set_seed(0)\nrandom.random()", "lib.py": "class Model:\n    def set_seed(self, s):\n        self.s = s"}, "random", UNSEEDED),
    ("layer built", {"main.py": "import torch\nmodel = torch.nn.Linear(2, 2)\nprint(model)"}, "torch", UNSEEDED),
    ("layer built before the seed", {"main.py": "import torch\nfrom net import Net\nmodel = Net()\ntorch.manual_seed(0)\nx = torch.randn(3)", "net.py": "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Linear(2, 2)"}, "torch", LATE),
    ("forward draws", {"main.py": "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        return x + torch.randn(3)\nnet = Net()\nprint(net(1))"}, "torch", UNSEEDED),
    ("init passed to apply", {"main.py": "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    pass\ndef weights(m):\n    nn.init.normal_(m.weight)\nnet = Net()\nnet.apply(weights)"}, "torch", UNSEEDED),
    ("own generator", {"main.py": "import torch\ng = torch.Generator().manual_seed(0)\nprint(torch.randn(3, generator=g))\nprint(torch.rand(1)) if 0 else None"}, "torch", UNSEEDED),
    ("loader shuffles", {"main.py": "import torch\nfrom torch.utils.data import DataLoader\nfor x in DataLoader([1], shuffle=True):\n    print(x)"}, "torch", UNSEEDED),
    ("loader made before the seed, used after", {"main.py": "import torch\nfrom torch.utils.data import DataLoader\nl = DataLoader([1], shuffle=True)\ntorch.manual_seed(0)\nfor x in l:\n    print(x)"}, "torch", SEEDED),
    ("loader used before the seed", {"main.py": "import torch\nfrom torch.utils.data import DataLoader\nl = DataLoader([1], shuffle=True)\nfor x in l:\n    print(x)\ntorch.manual_seed(0)\ntorch.rand(1)"}, "torch", UNSEEDED),
    ("dataset draws, no workers", {"main.py": "import torch, random\nfrom torch.utils.data import DataLoader, Dataset\nclass D(Dataset):\n    def __getitem__(self, i):\n        return random.random()\ntorch.manual_seed(0)\nfor x in DataLoader(D()):\n    print(x)"}, "random", UNSEEDED),
    ("dataset draws in workers", {"main.py": "import torch, random\nfrom torch.utils.data import DataLoader, Dataset\nclass D(Dataset):\n    def __getitem__(self, i):\n        return random.random()\ntorch.manual_seed(0)\nfor x in DataLoader(D(), num_workers=2):\n    print(x)"}, "random", SEEDED),
    ("dataset draws in workers, torch unseeded", {"main.py": "import torch, random\nfrom torch.utils.data import DataLoader, Dataset\nclass D(Dataset):\n    def __getitem__(self, i):\n        return random.random()\nrandom.seed(0)\nfor x in DataLoader(D(), num_workers=2):\n    print(x)"}, "random", UNSEEDED),
    ("collate draws", {"main.py": "import random\nfrom torch.utils.data import DataLoader\ndef collate(b):\n    random.shuffle(b)\nfor x in DataLoader([1], collate_fn=collate):\n    print(x)"}, "random", UNSEEDED),
    ("seeds in worker_init_fn do not count", {"main.py": "import random\nfrom torch.utils.data import DataLoader\ndef init(i):\n    random.seed(i)\nl = DataLoader([1], worker_init_fn=init)\nrandom.random()"}, "random", UNSEEDED),
    ("click default", {"main.py": "import click, random\n@click.command()\n@click.option('--seed', default=3)\ndef main(seed):\n    random.seed(seed)\n    random.random()\nif __name__ == '__main__':\n    main()"}, "random", SEEDED),
    ("click without default", {"main.py": "import click, random\n@click.command()\n@click.option('--seed', type=int)\ndef main(seed):\n    random.seed(seed)\n    random.random()\nif __name__ == '__main__':\n    main()"}, "random", NONE),
    ("click group", {"main.py": "import click, random\n@click.group()\ndef cli():\n    pass\n@cli.command()\ndef train():\n    random.random()\nif __name__ == '__main__':\n    cli()"}, "random", UNSEEDED),
    ("typer", {"main.py": "import typer, random\napp = typer.Typer()\n@app.command()\ndef train(seed: int = typer.Option(None)):\n    random.seed(seed)\n    random.random()\nif __name__ == '__main__':\n    app()"}, "random", NONE),
    ("fire", {"main.py": "import fire, random\ndef main(seed=None):\n    random.seed(seed)\n    random.random()\nif __name__ == '__main__':\n    fire.Fire(main)"}, "random", NONE),
    ("hydra", {"main.py": "import hydra, random\n@hydra.main(config_path='c')\ndef main(cfg):\n    if cfg.get('seed'):\n        random.seed(cfg.seed)\n    random.random()\nif __name__ == '__main__':\n    main()"}, "random", SEEDED),
    ("subcommands", {"main.py": "import argparse, random\ndef train(args):\n    random.random()\ndef main():\n    p = argparse.ArgumentParser()\n    p.set_defaults(run=train)\n    args = p.parse_args()\n    random.seed(0)\n    args.run(args)\nmain()"}, "random", SEEDED),
    ("console script", {"pyproject.toml": "[project]\nname='x'\n[project.scripts]\nx = 'x.cli:main'", "x/__init__.py": "", "main.py": "", "x/cli.py": "import random\ndef main():\n    random.random()"}, "random", UNSEEDED),
    ("python -m", {"main.py": "", "x/__init__.py": "", "x/__main__.py": "from x.a import go\ngo()", "x/a.py": "import random\ndef go():\n    random.random()"}, "random", UNSEEDED),
    ("lightning module", {"main.py": "import lightning as L\nimport torch\nclass M(L.LightningModule):\n    def training_step(self, b, i):\n        return torch.randn(3)\nL.Trainer().fit(M())"}, "torch", UNSEEDED),
    ("lightning module, seeded", {"main.py": "import lightning as L\nimport torch\nclass M(L.LightningModule):\n    def training_step(self, b, i):\n        return torch.randn(3)\nL.seed_everything(0)\nL.Trainer().fit(M())"}, "torch", SEEDED),
]  # fmt: skip


def judged(project: Project, library: str) -> LibraryVerdict | None:
    for path in project.entry_points:
        module = project.module(path)
        assert module is not None, project.problems
        for verdict in project.verdicts(module):
            if verdict.library.id == library:
                return verdict
    return None


def check(project: Project, library: str, expected: SeedStatus) -> None:
    verdict = judged(project, library)
    if verdict is None:
        assert expected is SEEDED, "no draw was reached"
    else:
        assert verdict.status is expected, (verdict.draws, verdict.seeds)


@pytest.mark.parametrize(("source", "expected"), [case[1:] for case in SIMPLE], ids=[case[0] for case in SIMPLE])
def test_one_file_is_judged(project: Callable[..., Project], source: str, expected: SeedStatus) -> None:
    check(project({"main.py": source}), "random", expected)


@pytest.mark.parametrize(
    ("default", "rest", "expected"), [case[1:] for case in OPTIONS], ids=[case[0] for case in OPTIONS]
)
def test_options_are_judged_by_their_defaults(
    project: Callable[..., Project], default: str, rest: str, expected: SeedStatus
) -> None:
    check(project({"main.py": ARGPARSE.format(default=default, rest=rest)}), "random", expected)


@pytest.mark.parametrize(
    ("files", "library", "expected"), [case[1:] for case in PROJECTS], ids=[case[0] for case in PROJECTS]
)
def test_files_are_judged_together(
    project: Callable[..., Project], files: dict[str, str], library: str, expected: SeedStatus
) -> None:
    check(project(files), library, expected)


def test_two_programs_that_share_a_module_have_their_own_verdicts(project: Callable[..., Project]) -> None:
    found = project(
        {
            "train.py": "import random\nfrom lib import go\nrandom.seed(0)\ngo()",
            "evaluate.py": "from lib import go\ngo()",
            "lib.py": "import random\ndef go():\n    random.random()",
        }
    )
    statuses = {}
    for path in found.entry_points:
        module = found.module(path)
        assert module is not None
        statuses[path] = [verdict.status for verdict in found.verdicts(module)]
    assert statuses == {"evaluate.py": [UNSEEDED], "train.py": [SEEDED]}


def test_a_verdict_says_how_the_draw_is_reached_and_under_which_condition(project: Callable[..., Project]) -> None:
    source = dedent(
        """
        import random, sys

        def draw():
            return random.random()

        def main():
            if len(sys.argv) > 2:
                random.seed(0)
            draw()

        main()
        """
    ).lstrip()
    verdict = judged(project({"main.py": source}), "random")
    assert verdict is not None
    assert verdict.condition == "len(sys.argv) > 2"
    assert [step.line for step in verdict.first_draw.via] == [11, 9]
    assert verdict.first_draw.location.function == "draw"
    assert verdict.first_seed is not None
    assert verdict.first_seed.condition == "len(sys.argv) > 2"


def test_draws_of_one_line_are_one(project: Callable[..., Project]) -> None:
    verdict = judged(
        project({"main.py": "import random\nx = [random.random(), random.random()]\nrandom.random()"}), "random"
    )
    assert verdict is not None
    assert verdict.draw_count == 2


def test_a_large_call_graph_is_bounded(project: Callable[..., Project]) -> None:
    """Every function calls the next two: the number of paths is exponential, the work must not be."""
    functions = [f"def f{n}(x):\n    f{n + 1}(x)\n    f{n + 2}(x)\n" for n in range(400)]
    source = "import random\n" + "".join(functions) + "def f400(x):\n    random.random()\ndef f401(x): pass\nf0(1)\n"
    check(project({"main.py": source}), "random", SEEDED)
