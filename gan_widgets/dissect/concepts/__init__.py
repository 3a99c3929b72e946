"""Sources of concepts: what in an image stands for what, without a pretrained segmenter or with yours.

>>> import gan_widgets as gw
>>> segmenter = gw.concepts.strokes() + gw.concepts.digit_classes()
>>> images = gw.data.load("digits", size=28).scaled()[:5]
>>> gw.concepts.checked(segmenter, images).shape
torch.Size([5, 23, 28, 28])
"""

from gan_widgets.dissect.concepts.color import brightness, colors, edges
from gan_widgets.dissect.concepts.function import from_function
from gan_widgets.dissect.concepts.kappa import Agreement, agreement
from gan_widgets.dissect.concepts.labels import classifier, digit_classes
from gan_widgets.dissect.concepts.protocol import Segmenter, checked, description, image_level
from gan_widgets.dissect.concepts.segmentation import network
from gan_widgets.dissect.concepts.source import Source, union
from gan_widgets.dissect.concepts.stroke import strokes

__all__ = [
    "Agreement",
    "Segmenter",
    "Source",
    "agreement",
    "brightness",
    "checked",
    "classifier",
    "colors",
    "description",
    "digit_classes",
    "edges",
    "from_function",
    "image_level",
    "network",
    "strokes",
    "union",
]
