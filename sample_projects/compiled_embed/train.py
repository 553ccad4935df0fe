"""A compiled character model on the descriptions that come with scikit-learn's data sets."""

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from torch import nn


class CharModel(nn.Module):
    """Predicts the next character from the last `context` ones."""

    def __init__(self, characters, context=32, dim=32, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(characters, dim)
        self.hidden = nn.Linear(context * dim, hidden)
        self.output = nn.Linear(hidden, characters)

    def forward(self, x):
        x = self.embedding(x).flatten(1)
        return self.output(torch.tanh(self.hidden(x)))


class Corpus:
    def __init__(self, text, context):
        self.alphabet = sorted(set(text))
        index = {character: i for i, character in enumerate(self.alphabet)}
        self.codes = torch.tensor([index[character] for character in text])
        self.context = context

    def batch(self, size):
        starts = torch.randint(len(self.codes) - self.context, (size,))
        windows = torch.stack([self.codes[s : s + self.context + 1] for s in starts.tolist()])
        return windows[:, :-1], windows[:, -1]


def read_text():
    return "\n".join(load().DESCR for load in (load_breast_cancer, load_diabetes, load_digits, load_wine))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--context", type=int, default=32)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    corpus = Corpus(read_text(), args.context)
    model = CharModel(len(corpus.alphabet), args.context)
    step = torch.compile(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for i in range(args.steps):
        x, y = corpus.batch(args.batch_size)
        loss = F.cross_entropy(step(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        print(f"step {i}: loss {loss.item():.8f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
