"""REINFORCE on a windy grid."""

import argparse
from collections import deque

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

from grid import WindyGrid


class Policy(nn.Module):
    def __init__(self, cells, actions):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(cells, 32), nn.Tanh(), nn.Dropout(0.1), nn.Linear(32, actions))

    def forward(self, state):
        return Categorical(logits=self.net(state))


def play(env, policy, limit):
    log_probs, rewards = [], []
    state = env.reset()
    for _ in range(limit):
        distribution = policy(torch.from_numpy(state).unsqueeze(0))
        action = distribution.sample()
        log_probs.append(distribution.log_prob(action))
        state, reward, done = env.step(action.item())
        rewards.append(reward)
        if done:
            break
    return log_probs, rewards


def discounted(rewards, gamma):
    returns = deque()
    total = 0.0
    for reward in reversed(rewards):
        total = reward + gamma * total
        returns.appendleft(total)
    returns = torch.tensor(list(returns))
    return (returns - returns.mean()) / (returns.std() + 1e-6)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=8)
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--gamma", type=float, default=0.97)
    parser.add_argument("--seed", type=int, default=543)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    env = WindyGrid(rng=np.random.default_rng(args.seed))
    policy = Policy(env.cells, env.actions)
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    for episode in range(args.episodes):
        log_probs, rewards = play(env, policy, args.limit)
        loss = -(torch.cat(log_probs) * discounted(rewards, args.gamma)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"episode {episode}: {len(rewards)} steps, reward {sum(rewards):.2f}, loss {loss.item():.8f}")
    if args.save:
        torch.save(policy.state_dict(), args.save)


if __name__ == "__main__":
    main()
