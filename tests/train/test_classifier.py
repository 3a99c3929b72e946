import pytest
import torch

from gan_widgets.train import classifier, data


def test_the_two_parts_share_nothing_and_leave_nothing_out(few):
    numbered = data.Images("x", few.images, torch.arange(60), "")
    training, testing = classifier.divided(numbered, 13, seed=1)
    assert (len(training), len(testing)) == (47, 13)
    assert torch.cat([training.labels, testing.labels]).sort().values.equal(torch.arange(60))
    assert classifier.divided(numbered, 13, seed=1)[1].labels.equal(testing.labels)
    assert not classifier.divided(numbered, 13, seed=2)[1].labels.equal(testing.labels)


def test_accuracy_is_the_share_of_right_answers(few):
    class Two(torch.nn.Module):
        def forward(self, images):
            return torch.nn.functional.one_hot(torch.full((len(images),), 2), 10).float()

    assert classifier.accuracy(Two(), few) == pytest.approx(float((few.labels == 2).float().mean()))


def test_confidence_is_the_share_of_images_with_one_probable_label(few):
    class Graded(torch.nn.Module):
        def forward(self, images):
            first = torch.linspace(0, 1, len(images))
            return torch.stack([first, 1 - first], 1).log()

    assert classifier.confidence(Graded(), few, level=0.75) == pytest.approx(0.5)


def test_real_digits_are_learnt():
    digits = data.load("digits", size=28)
    epochs = list(classifier.fit(classifier.digits(seed=0), digits, epochs=6, held_out=300))
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1].loss < epochs[0].loss
    assert epochs[-1].accuracy > 0.8


def test_the_same_seed_gives_the_same_weights_and_no_random_state_moves(few):
    before = torch.get_rng_state()
    runs = []
    for _ in range(2):
        net = classifier.digits(seed=4)
        list(classifier.fit(net, few, epochs=2, seed=4, batch=8, held_out=10))
        runs.append(list(net.state_dict().values()))
    assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))
    assert torch.get_rng_state().equal(before)


def test_shifts_move_each_image_by_at_most_two_pixels_and_lose_no_ink():
    images = torch.full((40, 1, 9, 6), -1.0)
    images[:, :, 4, 3] = 1.0
    shifted = classifier._shifted(images, seed=0, epoch=1, at=2)
    places = [tuple(image[0].nonzero()[0].tolist()) for image in (shifted > 0)]
    assert shifted.shape == images.shape
    assert all((image > 0).sum() == 1 for image in shifted)
    assert {y for y, _ in places} == {2, 3, 4, 5, 6}
    assert {x for _, x in places} == {1, 2, 3, 4, 5}
