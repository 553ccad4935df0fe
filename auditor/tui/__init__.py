"""The full-screen front end: findings, divergence, cost and runs; keyboard first, calm, made for ssh in tmux."""
