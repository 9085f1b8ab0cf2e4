"""ResNet50 as Keras brings it: `tfbench run --keras examples/resnet50.py:build`."""

import keras


def build(input_shape=(224, 224, 3)):
    """Build it with random weights."""
    return keras.applications.ResNet50(input_shape=input_shape, weights=None)
