"""Keeps what the layers of the models put out, step by step, so that two runs can be held against each other in size.

Layers are the injection points of `walking`: the input of a model, and every module that calls no other.
"""
