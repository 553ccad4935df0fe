import numpy as np

MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))


class WindyGrid:
    """Walk from a random cell of the left column to the right one while gusts push up."""

    def __init__(self, rng, size=5, gust=0.2):
        self.rng = rng
        self.size = size
        self.gust = gust
        self.cells = size * size
        self.actions = len(MOVES)
        self.row = self.column = 0

    def reset(self):
        self.row, self.column = int(self.rng.integers(self.size)), 0
        return self.observe()

    def observe(self):
        state = np.zeros(self.cells, dtype=np.float32)
        state[self.row * self.size + self.column] = 1.0
        return state

    def step(self, action):
        down, right = MOVES[action]
        if self.rng.random() < self.gust:
            down -= 1
        self.row = min(max(self.row + down, 0), self.size - 1)
        self.column = min(max(self.column + right, 0), self.size - 1)
        done = self.column == self.size - 1
        return self.observe(), 10.0 if done else -1.0, done
