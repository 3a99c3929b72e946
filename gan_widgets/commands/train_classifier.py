"""`gan-widgets train classifier`: the judge of digits, with its held-out accuracy on its card."""

import argparse
from tempfile import TemporaryFile

from tqdm import tqdm

from gan_widgets.commands.train_files import explained
from gan_widgets.train import data, pretrained, provenance
from gan_widgets.train.classifier import Epoch, confidence, digits, divided, fit

_HELD_OUT = 1000


def train(options: argparse.Namespace) -> int:
    """Train for `options.epochs`, showing loss and held-out accuracy; write the weights and their card.

    Raises `StoreError` when the folder cannot be written in, before anything is trained.
    """
    with explained("the classifier cannot be saved there.", "Pass another --out."):
        options.out.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=options.out).close()
    images = data.load(options.data, options.root, size=28, download=options.download)
    print(images)
    net = digits(seed=options.seed)
    last = Epoch(0, float("nan"), float("nan"))
    held_out = min(_HELD_OUT, len(images) // 10)
    passes = fit(net, images, epochs=options.epochs, seed=options.seed, held_out=held_out)
    with tqdm(passes, total=options.epochs, unit="epoch") as bar:
        for last in bar:
            bar.set_postfix(loss=f"{last.loss:.4f}", accuracy=f"{last.accuracy:.3f}")
    words = (
        f"gan-widgets train classifier --data {options.data} --epochs {options.epochs} --seed {options.seed}"
    )
    facts = {
        "about": "LeNet-5 with ReLU and max pooling, the judge of generated digits",
        "command": f"{words} --out DIR",
        "data": provenance.of_data(images),
        "seed": options.seed,
        "epochs": options.epochs,
        "quality": {
            "held_out": held_out,
            "held_out_accuracy": round(last.accuracy, 4),
            "held_out_confident": round(confidence(net, divided(images, held_out, options.seed)[1]), 4),
        },
        "made_with": provenance.versions(),
    }
    print(pretrained.save_classifier(options.out / f"classifier-{options.data}.safetensors", net, facts))
    return 0
