"""A segmenter of 14×10 pictures for the tests of dissecting, and one that a test can stop or break."""

import threading

import torch


class Marks:
    """Bright and left pixels; `at[k]` is called before the k-th batch of images is segmented."""

    names = ("bright", "left")
    categories = ("colour", "place")

    def __init__(self, at=None):
        self.at = at or {}
        self.calls = 0

    def __call__(self, images):
        self.calls += 1
        self.at.get(self.calls, lambda: None)()
        left = torch.zeros_like(images[:, :1], dtype=torch.bool)
        left[..., : images.shape[3] // 2] = True
        return torch.cat([images[:, :1] > 0, left], dim=1)


class Gate:
    """Somebody waits at it until somebody else opens it; `reached` says that somebody waits."""

    def __init__(self):
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self):
        self.reached.set()
        assert self.opened.wait(30)
