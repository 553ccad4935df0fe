"""Train a text classifier on scikit-learn's own documentation sentences."""

import random

import torch
from torch import nn

from project import options, repro
from project.text import Vocabulary, read_sentences


class BagOfWords(nn.Module):
    def __init__(self, words, classes, dim=16):
        super().__init__()
        self.embedding = nn.EmbeddingBag(words, dim, mode="mean")
        self.head = nn.Linear(dim, classes)

    def forward(self, words, offsets):
        return self.head(self.embedding(words, offsets))


def collate(vocabulary, sentences):
    encoded = [vocabulary.encode(sentence) for sentence, _ in sentences]
    offsets = torch.tensor([0] + [len(words) for words in encoded[:-1]]).cumsum(0)
    return torch.cat(encoded), offsets, torch.tensor([label for _, label in sentences])


def main():
    args = options.parse()
    repro.make_repeatable(args)

    sentences, classes = read_sentences()
    vocabulary = Vocabulary(sentence for sentence, _ in sentences)
    model = BagOfWords(len(vocabulary), len(classes))
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
    for epoch in range(args.epochs):
        random.shuffle(sentences)
        total = 0.0
        for start in range(0, len(sentences), args.batch_size):
            words, offsets, labels = collate(vocabulary, sentences[start : start + args.batch_size])
            loss = nn.functional.cross_entropy(model(words, offsets), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        print(f"epoch {epoch}: loss {total / len(sentences):.8f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
