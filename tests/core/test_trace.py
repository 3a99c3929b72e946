"""Recordings: one per form of the inputs, only what is needed, and clear reasons where there is none."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from gan_widgets.core.latents import as_latents, normal
from gan_widgets.core.split import split
from gan_widgets.core.trace import record

Z = normal(6)


class Plus(nn.Module):
    """One skip of 3 values across the layer, and nothing else."""

    def __init__(self, finish=torch.tanh):
        super().__init__()
        self.a, self.b, self.finish = nn.Linear(6, 3), nn.Linear(3, 3), finish

    def forward(self, z):
        h = self.a(z)
        return self.finish(self.b(h) + h)


def recorded(model, layer, n=4):
    activations = []
    handle = model.get_submodule(layer).register_forward_hook(
        lambda _m, _i, output: activations.append(output)
    )
    with torch.no_grad():
        output = model(Z(range(n)))
        handle.remove()
        return record(model, layer, Z(range(n)), activations[0].clone(), output)


def test_a_recording_is_cut_in_two_at_the_layer():
    model = Plus()
    program = recorded(model, "b")
    assert (program.steps, program.skips) == (2, 1)
    with torch.no_grad():
        tap, skips = program.prefix(Z([7, 8]))
        assert torch.equal(tap, model.b(model.a(Z([7, 8]))))
        assert torch.equal(skips[0], model.a(Z([7, 8])))
        assert torch.equal(program.suffix(tap * 2, skips), torch.tanh(tap * 2 + skips[0]))


def test_a_recording_reads_the_weights_of_the_moment_even_replaced_ones():
    model = Plus()
    program = recorded(model, "a")
    model.b.weight = nn.Parameter(torch.eye(3) * 2)
    with torch.no_grad():
        model.b.bias.fill_(0.5)
        tap, skips = program.prefix(Z(range(4)))
        assert torch.equal(program.suffix(tap, skips), model(Z(range(4))))


def test_a_layer_that_nothing_depends_on_leaves_nothing_to_run():
    class Ignored(Plus):
        def forward(self, z):
            self.b(self.a(z))
            return self.a(z)

    model = Ignored()
    parts = split(model, "b", Z)
    assert (parts.how, parts.steps) == ("traced", 0)
    cut = parts.prefix(Z(range(3)))
    with torch.no_grad():
        assert torch.equal(parts.suffix(cut, cut.activation * 9), model(Z(range(3))))


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        (lambda h: h if h.max() > 0 else -h, "cannot be recorded"),
        (lambda h: h * h.sum().item(), "cannot be recorded"),
        (lambda h: torch.from_numpy(h.detach().numpy() * 2), "its recorded operations give another output"),
        (lambda h: SimpleNamespace(images=h), "holds a SimpleNamespace, which may hide tensors"),
    ],
)
def test_what_cannot_be_recorded_says_why_and_runs_whole(finish, reason):
    model = Plus(finish)
    parts = split(model, "b", Z)
    assert parts.how == "full"
    assert reason in parts.why
    cut = parts.prefix(Z(range(3)))
    changed = parts.suffix(cut, cut.activation * 3)
    with torch.no_grad():
        expected = finish(cut.activation * 3 + model.a(Z(range(3))))
    assert torch.equal(getattr(changed, "images", changed), getattr(expected, "images", expected))


def test_a_recording_of_another_batch_is_made_once_and_checked():
    calls = []

    def finish(h):
        calls.append(len(h))
        return torch.tanh(h)

    parts = split(Plus(finish), "b", Z)
    assert parts.how == "traced"
    for n in (7, 4, 7, 7):
        parts.suffix(parts.prefix(Z(range(n))))
    made = len(calls)
    for n in (7, 4):
        parts.suffix(parts.prefix(Z(range(n))))
    assert len(calls) == made


def test_a_batch_that_cannot_be_recorded_runs_whole_and_is_noted():
    def finish(h):
        return torch.tanh(h) if len(h) == 4 or h.max() > 0 else h * 2

    parts = split(Plus(finish), "b", Z)
    assert (parts.how, parts.notes) == ("traced", ())
    z = Z(range(5))
    cut = parts.prefix(z)
    low = -cut.activation.abs() - 50
    with torch.no_grad():
        skip = parts.prefix(z)
    assert torch.equal(parts.suffix(cut, low), parts.suffix(skip, low))
    assert len(parts.notes) == 1
    assert parts.notes[0].startswith("The whole model runs for inputs (5, 6): its forward cannot be recorded")
    assert parts.notes[0] in repr(parts)


def test_many_batch_sizes_do_not_pile_up():
    parts = split(Plus(), "b", Z)
    for n in range(1, 14):
        parts.prefix(Z(range(n)))
    assert len(parts._way._programs) == 8


def test_modules_that_are_not_registered_still_train():
    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.hidden = nn.Linear(6, 5), [nn.Linear(5, 5), nn.Linear(5, 4)]

        def forward(self, z):
            h = self.a(z)
            for layer in self.hidden:
                h = torch.relu(layer(h))
            return h

    model = Listed()
    parts = split(model, "a", Z)
    assert parts.how == "traced"
    with torch.no_grad():
        model.hidden[1].bias += 3.0
        assert torch.equal(parts.suffix(parts.prefix(Z(range(3)))), model(Z(range(3))))


def test_tied_weights_and_modules_of_two_names_are_put_back_and_read_where_they_are():
    model = Plus()
    model.c = nn.Linear(3, 3)
    model.c.weight = model.b.weight
    model.finish, kept = model.c, model.c.weight
    parts = split(model, "a", Z)
    assert model.b.weight is kept
    assert model.finish.weight is kept
    with torch.no_grad():
        model.b.weight.mul_(1.5)
        assert torch.equal(parts.suffix(parts.prefix(Z(range(3)))), model(Z(range(3))))


def test_an_output_of_mixed_values_is_rebuilt():
    class Mixed(Plus):
        def forward(self, z):
            h = self.b(self.a(z))
            image = torch.sin(h)
            return {"images": [image, image], "n": 3, "more": (h.argmax(1), None, "text")}

    model = Mixed()
    parts = split(model, "b", Z)
    assert parts.how == "traced"
    cut = parts.prefix(Z(range(3)))
    with torch.no_grad():
        expected = model(Z(range(3)))
    output = parts.suffix(cut)
    assert torch.equal(output["images"][0], expected["images"][0])
    assert output["images"][0] is output["images"][1]
    assert torch.equal(output["more"][0], expected["more"][0])
    assert (output["n"], output["more"][1:]) == (3, (None, "text"))


def test_a_generator_with_attention_and_resizing_is_recorded():
    class Attentive(nn.Module):
        def __init__(self):
            super().__init__()
            self.start, self.grow = nn.Linear(6, 8 * 6), nn.Conv2d(8, 8, 3, padding=1)
            self.look, self.norm, self.out = (
                nn.MultiheadAttention(8, 2, batch_first=True),
                nn.GroupNorm(2, 8),
                nn.Conv2d(8, 3, 1),
            )

        def forward(self, z):
            h = self.start(z).view(-1, 8, 2, 3)
            h = self.grow(nn.functional.interpolate(h, scale_factor=2, mode="nearest"))
            tokens = h.flatten(2).transpose(1, 2)
            seen, _ = self.look(tokens, tokens, tokens)
            h = h + seen.transpose(1, 2).reshape(h.shape)
            return torch.tanh(self.out(self.norm(h)))

    model = Attentive().eval()
    parts = split(model, "grow", Z)
    assert (parts.how, parts.error) == ("traced", 0.0)
    cut = parts.prefix(Z(range(5)))
    with torch.no_grad():
        assert torch.equal(parts.suffix(cut), model(Z(range(5))))


@pytest.mark.parametrize(("dropout", "how"), [(0.0, "traced"), (0.5, "full")])
def test_fused_attention_is_recorded_unless_it_drops_at_random(dropout, how):
    class Attentive(nn.Module):
        def __init__(self):
            super().__init__()
            self.start, self.keys, self.out = nn.Linear(6, 5 * 8), nn.Linear(8, 8), nn.Linear(40, 12)

        def forward(self, z):
            tokens = self.start(z).view(-1, 1, 5, 8)
            seen = nn.functional.scaled_dot_product_attention(
                tokens, self.keys(tokens), tokens, dropout_p=dropout
            )
            return self.out((tokens + seen).flatten(1))

    assert split(Attentive().eval(), "start", Z).how == how


def test_adapters_of_positional_inputs_are_followed():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 4), nn.Embedding(10, 4)

        def forward(self, z, label):
            return torch.tanh(self.a(z)) * self.b(label)

    latents = as_latents(lambda seed: (Z([seed])[0], torch.tensor(seed % 10)))
    model = Two()
    parts = split(model, "a", latents)
    assert parts.how == "traced"
    with torch.no_grad():
        assert torch.equal(parts.suffix(parts.prefix(latents(range(5)))), model(*latents(range(5))))
