import torch

from gan_widgets.train.augment import shaken, shifted


def dot(n, y, x, h=7, w=5):
    images = torch.full((n, 2, h, w), -1.0)
    images[:, :, y, x] = torch.tensor([0.25, 0.75])
    return images


def test_each_image_moves_by_its_own_offset():
    moved = shifted(dot(3, 3, 2), torch.tensor([0, 2, -3]), torch.tensor([1, 0, -2]))
    for image, (y, x) in zip(moved, [(3, 3), (5, 2), (0, 0)], strict=True):
        assert image.equal(dot(1, y, x)[0])


def test_what_leaves_the_image_is_lost_and_black_comes_in():
    assert shifted(dot(1, 6, 2), torch.tensor([1]), torch.tensor([0])).equal(torch.full((1, 2, 7, 5), -1.0))


def test_no_offset_changes_nothing():
    images = torch.rand(2, 1, 6, 4, generator=torch.Generator().manual_seed(0))
    assert shifted(images, torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)).equal(images)
    assert shaken(images, 0) is images


def test_gradients_flow_back_to_where_the_pixels_came_from():
    images = torch.zeros(1, 1, 3, 4, requires_grad=True)
    shifted(images, torch.tensor([1]), torch.tensor([-1]))[0, 0, 2, 0].backward()
    assert images.grad.nonzero().tolist() == [[0, 0, 1, 1]]


def test_shaking_reaches_every_offset_and_no_further():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        moved = shaken(dot(400, 3, 2), 1)
    places = {tuple(image[0].gt(-1).nonzero()[0].tolist()) for image in moved}
    assert places == {(y, x) for y in (2, 3, 4) for x in (1, 2, 3)}
