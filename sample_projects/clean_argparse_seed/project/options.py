import argparse


def parse():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=2024, help="seed of every generator")
    parser.add_argument("--save", default="", help="file for the final weights")
    return parser.parse_args()
