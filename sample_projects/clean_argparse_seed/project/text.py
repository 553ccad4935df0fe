import re

import torch
from sklearn import datasets

SOURCES = ("load_breast_cancer", "load_diabetes", "load_digits", "load_iris", "load_linnerud", "load_wine")


def read_sentences():
    """Return (sentence, class number) pairs and the class names."""
    pairs = []
    for number, name in enumerate(SOURCES):
        description = getattr(datasets, name)().DESCR
        pairs += [(line.strip(), number) for line in description.splitlines() if len(line.split()) > 2]
    return pairs, SOURCES


class Vocabulary:
    def __init__(self, sentences):
        words = {word for sentence in sentences for word in self.split(sentence)}
        self.index = {word: number for number, word in enumerate(sorted(words))}

    @staticmethod
    def split(sentence):
        return re.findall(r"\w+", sentence.lower()) or ["_"]

    def __len__(self):
        return len(self.index) + 1

    def encode(self, sentence):
        return torch.tensor([self.index.get(word, len(self.index)) for word in self.split(sentence)])
