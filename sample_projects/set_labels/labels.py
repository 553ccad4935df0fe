class LabelEncoder:
    """Gives every class name a number."""

    def __init__(self, names):
        classes = set(names)
        self.index = {name: number for number, name in enumerate(classes)}
        self.names = {number: name for name, number in self.index.items()}

    def __len__(self):
        return len(self.index)

    def encode(self, name):
        return self.index[name]

    def decode(self, number):
        return self.names[number]
