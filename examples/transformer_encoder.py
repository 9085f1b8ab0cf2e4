"""A small Transformer encoder that sorts texts: `tfbench run --keras examples/transformer_encoder.py:build`."""

import keras
from keras import layers

TOKENS, LENGTH, WIDTH, HEADS, BLOCKS, CLASSES = 8000, 128, 128, 4, 2, 10


def block(x):
    """Add attention and a feed-forward part, each around a residual connection."""
    attended = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, dropout=0.1)(x, x)
    x = layers.LayerNormalization()(x + attended)
    inner = layers.Dense(4 * WIDTH, activation="gelu")(x)
    return layers.LayerNormalization()(x + layers.Dropout(0.1)(layers.Dense(WIDTH)(inner)))


def build():
    """Build it with random weights."""
    tokens = keras.Input((LENGTH,), dtype="int32")
    places = keras.ops.cumsum(keras.ops.ones_like(tokens), axis=1) - 1
    x = layers.Embedding(TOKENS, WIDTH)(tokens) + layers.Embedding(LENGTH, WIDTH)(places)
    for _ in range(BLOCKS):
        x = block(x)
    return keras.Model(tokens, layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(x)))
