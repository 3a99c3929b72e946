"""Real digits for the tests: MNIST where it is, else scikit-learn's own digits in files of the same form."""

import os
from pathlib import Path

import pytest

from gan_widgets.train import data, idx
from gan_widgets.train.trainer import Trainer
from tests.keyboard import keyboard  # noqa: F401  (a fixture)
from tests.train.small import small_pair


@pytest.fixture(scope="session")
def idx_folder(tmp_path_factory):
    """A folder with a t10k pair made from scikit-learn's digits: 1,797 images of 28×28."""
    folder = tmp_path_factory.mktemp("idx")
    digits = data.load("digits", size=28)
    idx.write(folder / "t10k-images-idx3-ubyte.gz", digits.images[:, 0].numpy())
    idx.write(folder / "t10k-labels-idx1-ubyte.gz", digits.labels.numpy().astype("uint8"))
    return folder


@pytest.fixture(scope="session")
def mnist_folder(idx_folder):
    """The folder of the real files, named by the environment or beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist"
    for folder in (Path(os.environ.get("GAN_WIDGETS_DATA", beside)), beside):
        if (folder / "t10k-images-idx3-ubyte.gz").is_file():
            return folder
    return idx_folder


@pytest.fixture(scope="session")
def few(mnist_folder):
    """Sixty digits of 28×28."""
    import torch

    return data.load("mnist", mnist_folder).chosen(torch.arange(60))


@pytest.fixture
def make(few):
    def trainer(seed=0, **options):
        return Trainer(*small_pair(), few, seed=seed, batch=8, **options)

    return trainer


@pytest.fixture
def course(idx_folder, tmp_path):
    """The words of `train gan` or `train lsgan` on few images."""

    def words(net, *more, out="run"):
        common = ["train", net, "--root", str(idx_folder), "--batch", "16", "--seed", "3"]
        return [*common, "--out", str(tmp_path / out), *map(str, more)]

    return words
