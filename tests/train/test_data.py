import urllib.error

import numpy as np
import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DataError
from gan_widgets.train import data, idx


@pytest.fixture(autouse=True)
def nowhere(tmp_path_factory, monkeypatch):
    """No environment and an empty cache, so that a test finds what it put there and nothing else."""
    monkeypatch.delenv("GAN_WIDGETS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def write_pair(folder, part, count, *, dash="-", end=""):
    images = np.full((count, 28, 28), 9, np.uint8)
    idx.write(folder / f"{part}-images{dash}idx3-ubyte{end}", images)
    idx.write(folder / f"{part}-labels{dash}idx1-ubyte{end}", (np.arange(count) % 10).astype(np.uint8))


def test_the_public_name_loads_data():
    assert gw.data.load is data.load


def test_digits_are_the_real_ones_and_never_called_mnist():
    digits = data.load("digits")
    assert digits.images.shape == (1797, 1, 8, 8)
    assert (digits.images.dtype, digits.labels.dtype) == (torch.uint8, torch.int64)
    assert (int(digits.images.min()), int(digits.images.max())) == (0, 255)
    assert "mnist" not in repr(digits).lower()


def test_digits_are_resized_on_request():
    assert data.load("digits", size=28).images.shape == (1797, 1, 28, 28)
    assert "resized from 8×8" in data.load("digits", size=5).source


def test_resizing_to_the_same_size_changes_nothing(few):
    assert few.resized(28) is few


def test_resizing_keeps_the_mean_ink():
    digits = data.load("digits")
    for size in (28, 5):
        mean = float(digits.resized(size).images.float().mean())
        assert mean == pytest.approx(float(digits.images.float().mean()), rel=0.06)


def test_a_size_of_zero_is_refused():
    with pytest.raises(DataError, match="at least one pixel"):
        data.load("digits", size=0)


@pytest.mark.parametrize("size", ["28", 28.0, True, [28], -1])
def test_a_size_that_is_no_whole_number_of_pixels_is_refused(size):
    with pytest.raises(DataError) as caught:
        data.load("digits", size=size)
    got, allowed, then = str(caught.value).splitlines()[1:]
    assert got == f"  got: size={size!r}"
    assert allowed == "  allowed: a whole number, 1 or more"
    assert then.startswith("  next: ")


def test_a_size_may_be_numpys():
    assert data.load("digits", size=np.int64(9)).images.shape == (1797, 1, 9, 9)


def test_scaled_spans_minus_one_to_one_and_leaves_the_bytes_alone():
    digits = data.load("digits")
    before = digits.images.clone()
    scaled = digits.scaled()
    assert (float(scaled.min()), float(scaled.max())) == (-1.0, 1.0)
    assert digits.images.equal(before)


def test_batches_see_every_image_once_and_drop_the_rest():
    digits = data.load("digits")
    batches = list(digits.batches(100, seed=3))
    assert [len(labels) for _, labels in batches] == [100] * 17
    order = digits.order(3, 0)
    assert order.sort().values.equal(torch.arange(1797))
    assert torch.cat([labels for _, labels in batches]).equal(digits.labels[order[:1700]])


def test_batches_depend_on_seed_and_epoch_and_on_nothing_else():
    digits = data.load("digits")
    first = digits.order(3, 1)
    torch.manual_seed(99)
    assert digits.order(3, 1).equal(first)
    assert not digits.order(3, 2).equal(first)
    assert not digits.order(4, 1).equal(first)


def test_batches_leave_the_global_random_states_alone():
    torch_before = torch.get_rng_state()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002  (the global state is meant)
    list(data.load("digits").batches(500))
    assert torch.get_rng_state().equal(torch_before)
    assert (np.random.get_state()[1] == numpy_before).all()  # noqa: NPY002


def test_a_batch_larger_than_the_data_is_refused_at_once(few):
    with pytest.raises(DataError, match="allowed: 1 to 60"):
        few.batches(61)


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("dash", ["-", "."])
def test_mnist_is_read_from_its_files_raw_or_gzipped(tmp_path, end, dash):
    write_pair(tmp_path, "t10k", 30, end=end, dash=dash)
    found = data.load("mnist", tmp_path)
    assert found.images.shape == (30, 1, 28, 28)
    assert found.labels[:3].tolist() == [0, 1, 2]


def test_training_and_test_files_are_joined_and_counted(tmp_path):
    write_pair(tmp_path, "train", 20)
    write_pair(tmp_path, "t10k", 10)
    found = data.load("mnist", tmp_path)
    assert repr(found) == (
        "Images 'mnist': 30 images of 28×28, labels 0–9, from the train files (20) and the t10k files (10)"
    )


def test_a_folder_that_holds_a_folder_called_mnist_will_do(tmp_path):
    write_pair(tmp_path / "mnist", "t10k", 10)
    assert len(data.load("mnist", tmp_path)) == 10


def test_the_environment_names_the_folder_and_an_explicit_root_wins(tmp_path, monkeypatch):
    write_pair(tmp_path / "a", "t10k", 10)
    write_pair(tmp_path / "b", "t10k", 20)
    monkeypatch.setenv("GAN_WIDGETS_DATA", str(tmp_path / "a"))
    assert len(data.load("mnist")) == 10
    assert len(data.load("mnist", tmp_path / "b")) == 20


def test_an_explicit_root_without_files_is_an_error_even_when_the_cache_has_some(tmp_path):
    write_pair(data.cache() / "mnist", "t10k", 10)
    assert len(data.load("mnist")) == 10
    with pytest.raises(DataError, match="no images-idx3-ubyte file in"):
        data.load("mnist", tmp_path)


def test_missing_files_are_explained_with_all_four_parts(tmp_path):
    with pytest.raises(DataError) as caught:
        data.load("mnist", tmp_path)
    assert str(caught.value) == (
        "the files of MNIST are not there.\n"
        f"  got: no images-idx3-ubyte file in {tmp_path}\n"
        "  allowed: train-images-idx3-ubyte and train-labels-idx1-ubyte, or the t10k pair, .gz or not\n"
        "  next: Pass root=<folder> or download=True, set GAN_WIDGETS_DATA, or load 'digits'."
    )


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(DataError, match=r"(?s)got: 'cifar'.*allowed: 'digits' or 'mnist'"):
        data.load("cifar")


def test_images_without_labels_are_refused(tmp_path):
    write_pair(tmp_path, "t10k", 10)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte has no labels beside it"):
        data.load("mnist", tmp_path)


def test_more_images_than_labels_are_refused(tmp_path):
    write_pair(tmp_path, "t10k", 10)
    idx.write(tmp_path / "t10k-labels-idx1-ubyte", np.zeros(9, np.uint8))
    with pytest.raises(DataError, match="got: 10 images and 9 labels"):
        data.load("mnist", tmp_path)


def test_labels_above_nine_are_refused(tmp_path):
    write_pair(tmp_path, "t10k", 2)
    idx.write(tmp_path / "t10k-labels-idx1-ubyte", np.array([3, 10], np.uint8))
    with pytest.raises(DataError, match="got: the label 10"):
        data.load("mnist", tmp_path)


def test_images_of_another_size_are_refused(tmp_path):
    write_pair(tmp_path, "t10k", 2)
    idx.write(tmp_path / "t10k-images-idx3-ubyte", np.zeros((2, 20, 30), np.uint8))
    with pytest.raises(DataError, match="got: images of 20×30"):
        data.load("mnist", tmp_path)


def test_a_truncated_file_is_named(tmp_path):
    write_pair(tmp_path, "t10k", 10)
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte is not a whole IDX file"):
        data.load("mnist", tmp_path)


def openml(count):
    """Stand in for scikit-learn's fetch_openml; the first pixel of each image is its number mod 251."""
    calls = []

    def fetch(name, **options):
        calls.append((name, options))
        pixels = np.zeros((count, 784))
        pixels[:, 0] = np.arange(count) % 251
        return pixels, np.array([str(i % 10) for i in range(count)], dtype=object)

    return fetch, calls


def test_a_download_is_explicit_done_once_and_kept_in_the_cache(monkeypatch):
    fetch, calls = openml(70)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    monkeypatch.setattr(data, "_MNIST_TRAINING", 60)
    with pytest.raises(DataError, match="download=True"):
        data.load("mnist")
    assert calls == []
    found = data.load("mnist", download=True)
    assert found.images[:, 0, 0, 0].tolist() == list(range(70))
    assert found.labels.tolist() == [i % 10 for i in range(70)]
    assert found.source == "the train files (60) and the t10k files (10)"
    assert (calls[0][0], calls[0][1]["version"]) == ("mnist_784", 1)
    assert data.load("mnist").sha256() == found.sha256()
    assert len(data.load("mnist", download=True)) == 70
    assert len(calls) == 1
    assert sorted(path.name for path in (data.cache() / "mnist").iterdir()) == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]


def test_a_download_to_a_root_is_kept_there(tmp_path, monkeypatch):
    monkeypatch.setattr("sklearn.datasets.fetch_openml", openml(20)[0])
    assert len(data.load("mnist", tmp_path, download=True)) == 20
    assert len(data.load("mnist", tmp_path)) == 20
    assert not data.cache().exists()


def test_a_failed_download_says_what_to_do_and_leaves_no_files(monkeypatch):
    def offline(*_, **__):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", offline)
    with pytest.raises(
        DataError, match=r"(?s)could not be fetched.*URLError.*no route.*next: Put the IDX files"
    ):
        data.load("mnist", download=True)
    assert not data.cache().exists()


def test_the_hash_sees_pixels_labels_and_shape(few):
    assert few.sha256() == few.chosen(torch.arange(60)).sha256()
    other = few.labels.clone()
    other[0] = (other[0] + 1) % 10
    assert data.Images("x", few.images, other, "").sha256() != few.sha256()
    turned = data.Images("x", few.images.reshape(60, 1, 14, 56), few.labels, "")
    assert turned.sha256() != few.sha256()


@pytest.mark.parametrize(
    ("images", "labels", "got"),
    [
        (torch.rand(4, 1, 28, 28), torch.zeros(4).long(), r"images \(4, 1, 28, 28\) of torch.float32"),
        (torch.zeros(4, 28, 28).byte(), torch.zeros(4).long(), r"images \(4, 28, 28\) of torch.uint8"),
        (torch.zeros(0, 1, 28, 28).byte(), torch.zeros(0).long(), r"images \(0, 1, 28, 28\)"),
        (torch.zeros(4, 1, 28, 0).byte(), torch.zeros(4).long(), r"images \(4, 1, 28, 0\)"),
        (torch.zeros(4, 1, 8, 8).byte(), torch.zeros(3).long(), r"labels \(3,\) of torch.int64"),
        (torch.zeros(4, 1, 8, 8).byte(), torch.zeros(4, 1).long(), r"labels \(4, 1\) of torch.int64"),
        (torch.zeros(4, 1, 8, 8).byte(), torch.zeros(4), r"labels \(4,\) of torch.float32"),
    ],
)
def test_other_images_and_labels_are_refused_with_what_was_got(images, labels, got):
    with pytest.raises(DataError, match=rf"(?s)got: .*{got}.*allowed: .*next: "):
        data.Images("x", images, labels, "")


def test_none_of_the_images_are_no_images(few):
    with pytest.raises(DataError, match=r"images \(0, 1, 28, 28\)"):
        few.chosen(torch.arange(0))


def test_a_set_of_images_cannot_be_reassigned(few):
    with pytest.raises(AttributeError):
        few.name = "other"
