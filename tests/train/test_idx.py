import gzip

import numpy as np
import pytest

from gan_widgets.core.errors import DataError
from gan_widgets.train import idx

IMAGES = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)


@pytest.mark.parametrize("name", ["a-idx3-ubyte", "a-idx3-ubyte.gz"])
def test_what_is_written_is_read_back_raw_or_gzipped(tmp_path, name):
    idx.write(tmp_path / name, IMAGES)
    assert np.array_equal(idx.read(tmp_path / name, axes=3), IMAGES)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_bytes_are_those_of_the_format(tmp_path):
    idx.write(tmp_path / "labels", np.array([7, 2], np.uint8))
    assert (tmp_path / "labels").read_bytes() == bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 2])


def test_gzip_is_seen_from_the_content_not_from_the_name(tmp_path):
    idx.write(tmp_path / "a.gz", IMAGES)
    (tmp_path / "a").write_bytes((tmp_path / "a.gz").read_bytes())
    assert np.array_equal(idx.read(tmp_path / "a", axes=3), IMAGES)


def _raw(tmp_path):
    idx.write(tmp_path / "raw", IMAGES)
    return (tmp_path / "raw").read_bytes()


@pytest.mark.parametrize(
    ("damage", "got"),
    [
        (lambda raw: raw[:-1], "29 values"),
        (lambda raw: raw + b"!", "31 values"),
        (lambda raw: b"", "it starts with the bytes "),
        (lambda raw: raw[:9], "it starts with the bytes 00 00 08 03"),
        (lambda raw: b"<html>", "it starts with the bytes 3c 68 74 6d"),
        (lambda raw: b"\x00\x00\x0d\x03" + raw[4:], "it starts with the bytes 00 00 0d 03"),
        (lambda raw: gzip.compress(raw)[:-9], "a damaged gzip file"),
        (lambda raw: gzip.compress(raw)[:20] + b"\xff" * 30, "a damaged gzip file"),
        (lambda raw: b"\x00\x00\x08\x03" + b"\xff" * 12, "0 values"),
    ],
)
def test_a_corrupt_file_is_named_with_all_four_parts(tmp_path, damage, got):
    path = tmp_path / "broken-idx3-ubyte"
    path.write_bytes(damage(_raw(tmp_path)))
    with pytest.raises(DataError) as caught:
        idx.read(path, axes=3)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path} is not a whole IDX file."
    assert lines[1].startswith(f"  got: {got}")
    assert lines[2].startswith("  allowed: ")
    assert lines[3].startswith("  next: ")


def test_images_where_labels_should_be_are_refused(tmp_path):
    _raw(tmp_path)
    with pytest.raises(DataError, match="00 00 08 01 and 1 sizes"):
        idx.read(tmp_path / "raw", axes=1)


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="disk full"):
        idx.write(tmp_path / "a", IMAGES)
    assert list(tmp_path.iterdir()) == []
