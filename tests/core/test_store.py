"""One file, whole and unchanged, or a refusal that says why."""

import os
import pickle
import stat

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_widgets.core.errors import StoreError
from gan_widgets.core.store import load, load_weights, save, weight_hash

TENSORS = {
    "maps": torch.arange(24.0).reshape(2, 3, 4),
    "half": torch.tensor([[0.5, -2.0, 65504.0]], dtype=torch.float16),
    "brain": torch.tensor([1.5], dtype=torch.bfloat16),
    "count": torch.tensor(7),
    "which": torch.tensor([True, False]),
    "none": torch.zeros(0, 3),
}
METADATA = {"layer": 'net."6"\\ ü "sha256":"', "seeds": [1, 2], "ratio": 0.1, "deep": {"a": None, "b": True}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "whole.safetensors"
    save(path, TENSORS, kind="test", metadata=METADATA)
    return path.read_bytes()


def test_what_is_saved_comes_back_bit_for_bit(tmp_path):
    save(tmp_path / "a.safetensors", TENSORS, kind="test", metadata=METADATA)
    stored = load(tmp_path / "a.safetensors", kind="test")
    assert stored.metadata == METADATA
    assert stored.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert stored.tensors[name].dtype == tensor.dtype
        assert torch.equal(stored.tensors[name], tensor)


def test_the_same_content_gives_the_same_bytes(tmp_path, whole):
    save(tmp_path / "again", dict(reversed(TENSORS.items())), kind="test", metadata=METADATA)
    assert (tmp_path / "again").read_bytes() == whole


def test_views_transposes_and_shared_memory_are_stored_by_value(tmp_path):
    base = torch.arange(6.0).reshape(2, 3).requires_grad_()
    save(tmp_path / "a", {"t": base.T, "base": base, "row": base[1]}, kind="test", metadata={})
    stored = load(tmp_path / "a", kind="test").tensors
    assert stored["t"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert stored["row"].tolist() == [3, 4, 5]


def test_other_tools_can_read_the_tensors(tmp_path, whole):
    assert torch.equal(safetensors.torch.load(whole)["maps"], TENSORS["maps"])


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_file_with_any_byte_changed_is_refused(data, whole, tmp_path_factory):
    at = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda v: v != whole[at]))
    path = tmp_path_factory.getbasetemp() / "flipped"
    path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
    for read in (lambda: load(path, kind="test"), lambda: load_weights(path)):
        with pytest.raises(StoreError, match="flipped"):
            read()


def test_no_byte_is_left_out_of_the_checksum(whole, tmp_path):
    path = tmp_path / "flipped"
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        with pytest.raises(StoreError):
            load_weights(path)


def test_whitespace_that_means_nothing_is_still_a_change(tmp_path, whole):
    end = 8 + int.from_bytes(whole[:8], "little")
    at = whole.rfind(b" ", 0, end) if whole[end - 1 : end] == b" " else whole.index(b"}", end - 3)
    path = tmp_path / "spaced"
    path.write_bytes(whole[:at] + b"\n" + whole[at + 1 :])
    with pytest.raises(StoreError):
        load(path, kind="test")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_file_cut_or_lengthened_anywhere_is_refused(data, whole, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "cut"
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:cut] if data.draw(st.booleans()) else whole + whole[cut:])
    for read in (lambda: load(path, kind="test"), lambda: load_weights(path)):
        with pytest.raises(StoreError, match="cut"):
            read()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(content)
    for read in (lambda: load(path, kind="test"), lambda: load_weights(path)):
        with pytest.raises(StoreError, match="noise"):
            read()


def test_a_truncated_file_is_called_truncated(tmp_path, whole):
    path = tmp_path / "short.safetensors"
    path.write_bytes(whole[:-5])
    with pytest.raises(
        StoreError, match=rf"short\.safetensors is truncated \({len(whole) - 5} of {len(whole)}"
    ):
        load(path, kind="test")


def test_changed_data_is_called_changed(tmp_path, whole):
    path = tmp_path / "touched.safetensors"
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(StoreError, match=r"touched\.safetensors was changed after it was written"):
        load(path, kind="test")


def test_a_newer_schema_and_another_kind_are_refused_by_name(tmp_path):
    save(tmp_path / "new", {"a": torch.ones(1)}, kind="test", metadata={}, schema=3)
    with pytest.raises(StoreError, match=r"newer version\.\n  got: schema 3\n  allowed: schema 2 or older"):
        load(tmp_path / "new", kind="test", schema=2)
    with pytest.raises(StoreError, match=r"holds 'test'[^$]*kind 'weights'"):
        load(tmp_path / "new", kind="weights", schema=3)
    assert load(tmp_path / "new", kind="test", schema=4).metadata == {}


def test_pickled_and_foreign_files_are_refused_by_name(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "zip.pt")
    (tmp_path / "raw.pkl").write_bytes(pickle.dumps({"a": 1}))
    for name in ("zip.pt", "raw.pkl"):
        with pytest.raises(StoreError, match=rf"{name} is a pickled PyTorch file"):
            load(tmp_path / name, kind="test")
    safetensors.torch.save_file({"a": torch.ones(2)}, tmp_path / "plain.safetensors")
    with pytest.raises(StoreError, match="not one of ours"):
        load(tmp_path / "plain.safetensors", kind="test")


def test_a_missing_file_is_simply_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere", kind="test")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_on_the_way_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step):
    path = tmp_path / "kept.safetensors"
    save(path, {"a": torch.zeros(2)}, kind="test", metadata={})
    old = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(OSError, match="disk full"):
            save(path, {"a": torch.ones(2)}, kind="test", metadata={})
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_the_file_has_the_usual_rights(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    save(tmp_path / "link", {"a": torch.zeros(2)}, kind="test", metadata={})
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "plain").write_bytes(b"")
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("real", "plain")]
    assert rights[0] == rights[1]


@pytest.mark.parametrize(
    "metadata", [{"a": (1, 2)}, {"a": float("nan")}, {1: 2}, {"a": np.float32(1)}, {"a": {1}}]
)
def test_metadata_that_json_would_change_is_refused(tmp_path, metadata):
    with pytest.raises(StoreError, match="must come back equal from JSON"):
        save(tmp_path / "a", {}, kind="test", metadata=metadata)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [[1.0], torch.eye(2).to_sparse(), torch.zeros(2, device="meta")])
def test_what_is_no_dense_tensor_is_refused(tmp_path, bad):
    with pytest.raises(StoreError, match=r"cannot be stored\.\n  got: \['a'\]"):
        save(tmp_path / "a", {"a": bad}, kind="test", metadata={})
    assert not list(tmp_path.iterdir())


def test_weights_load_from_safetensors_and_from_torch_files(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    state = model.state_dict()
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    torch.save(state, tmp_path / "w.pt")
    save(tmp_path / "ours.safetensors", state, kind="weights", metadata={})
    torch.save(state, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for name in ("w.safetensors", "w.pt", "ours.safetensors", "old.pt"):
        read = load_weights(tmp_path / name)
        assert read.keys() == state.keys()
        assert all(torch.equal(read[k], state[k]) for k in state)


class Bomb:
    def __reduce__(self):
        return (os.mkdir, ("exploded",))


def test_weights_that_would_run_code_are_refused_and_nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Bomb()}, "bomb.pt")
    (tmp_path / "raw.pt").write_bytes(pickle.dumps(Bomb(), protocol=2))
    for name in ("bomb.pt", "raw.pt"):
        with pytest.raises(StoreError, match="holds more than weights"):
            load_weights(name)
    assert not (tmp_path / "exploded").exists()


def test_a_checkpoint_of_several_state_dicts_asks_for_its_key(tmp_path):
    torch.save({"G": {"w": torch.ones(2)}, "D": {"w": torch.zeros(2)}, "step": 3}, tmp_path / "both.pt")
    with pytest.raises(StoreError, match=r"no state dict[^$]*key= one of \['G', 'D'\]"):
        load_weights(tmp_path / "both.pt")
    assert load_weights(tmp_path / "both.pt", key="D")["w"].tolist() == [0, 0]
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(StoreError, match=r"no state dict\.\n  got: list"):
        load_weights(tmp_path / "list.pt")


def test_the_weight_hash_sees_names_dtypes_shapes_and_every_bit():
    def build(*shape):
        model = nn.Module()
        model.register_parameter("w", nn.Parameter(torch.arange(6.0).reshape(shape)))
        model.register_buffer("seen", torch.tensor(3), persistent=False)
        return model

    known = weight_hash(build(2, 3))
    assert len(known) == 64
    assert weight_hash(build(2, 3)) == known
    assert weight_hash(build(3, 2)) != known
    assert weight_hash(build(2, 3).half()) != known
    assert weight_hash(nn.Sequential(build(2, 3))) != known
    changed = build(2, 3)
    changed.w.data[1, 2] = torch.nextafter(changed.w.data[1, 2], torch.tensor(9.0))
    assert weight_hash(changed) != known
    counted = build(2, 3)
    counted.seen += 1
    assert weight_hash(counted) != known
    assert weight_hash(build(2, 3).to(torch.bfloat16)) != known


def test_the_weight_hash_of_a_lazy_module_is_refused():
    with pytest.raises(StoreError, match=r"weight has no values yet|bias has no values yet"):
        weight_hash(nn.LazyLinear(3))


def test_no_length_of_the_header_is_taken_for_a_pickle(tmp_path):
    first_bytes = set()
    for length in range(0, 300, 8):
        save(tmp_path / "a", {"t": torch.zeros(2)}, kind="k", metadata={"note": "x" * length})
        first_bytes.add((tmp_path / "a").read_bytes()[0])
        assert load(tmp_path / "a", kind="k").metadata["note"] == "x" * length
        assert load_weights(tmp_path / "a")["t"].equal(torch.zeros(2))
    assert 0x80 in first_bytes
