"""Whether a program computes gradients: one that only uses a model as it is does not."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.execution.namedways import gets_to_words
from auditor.static.execution.training import EVALUATING, STEPPING, trains

if TYPE_CHECKING:
    from auditor.static.project import Project

_FROZEN = (b"requires_grad_(False)", b"set_grad_enabled(False)")
"""Words of programs that want no gradients of what they use."""

_DERIVING = (
    *(
        b".grad(",
        b" grad(",
        b"(grad(",
        b"[grad(",
        b"=grad(",
        b"jacobian(",
        b"hessian(",
        b"vjp(",
        b"jvp(",
        b"vhp(",
        b"hvp(",
    ),
    *(b"jacrev(", b"jacfwd(", b"Grad", b"captum", b"ttack", b"foolbox", b"advertorch", b"cleverhans"),
)
"""Words of programs that compute gradients without a training: of an image, to see what counts in it or to attack."""

_AS_IT_IS = tuple(word.decode() for word in (*EVALUATING, *_FROZEN))
_OPTIMIZING = (b"torch.optim", b"optim.", b"import optim", b"ptimizer(", b".zero_grad(", b"LightningCLI")
"""Words of programs that train, though a library says `backward`: timm's scalers of losses, pyro's `svi.step`."""

_MAY_TRAIN = (
    *(".fit", "fit_gpytorch", "rainer", "Runner", "unner.run(", "_runner(", "train(", "tune(", "tune.run(", "CLI("),
    *(
        "training_step",
        "training_loop",
        "train_epoch",
        "train_loop",
        "train_model",
        "train_one",
        "train_step",
        "optimize",
    ),
    *("instantiate(", "import_module(", "entry_points("),
)
"""Words of programs that may have something train for them: fastai's learners, ignite's trainers, what has any name."""


_HANDING = (b"rainer(", b"Runner(", b"earner(", b"unner.train(", b"fit_one_cycle(", b"fine_tune(")
"""The same, of what a program gets to: a file that makes a `Trainer` says no word of gradients itself."""


def computes_gradients(project: Project, program: str) -> bool:
    """Whether a program may compute gradients: not one that uses a model as it is, by its words, and trains none."""
    texts = project.texts
    project.trace.note("reach", program)
    if texts.contain(program, _MAY_TRAIN) or not texts.contain(program, _AS_IT_IS):
        return True
    words = (*STEPPING[0], *_DERIVING, *_OPTIMIZING, *_HANDING)
    return gets_to_words(project, program, words, further=True) or trains(project, program)


def may_train(project: Project, program: str) -> bool:
    """Whether a program may train: it may compute gradients, or speaks of epochs, which an evaluation has none of."""
    return computes_gradients(project, program) or project.texts.contain(program, ("epoch",))
