"""Small networks with early exits, and gates whose decisions are given."""

import keras

import tfgate
from tests.tfgate import builders

L = keras.layers
SIZE = 16


def image_gate(name, seed):
    """Decides by the image, without noise."""
    estimator = builders.MedianEstimator()
    return builders.LinearGate(name=name, seed=seed, estimator=estimator)


def exit_model(exits=2, gate=image_gate, loss_weight=1.0, activation="softmax"):
    """Three gated blocks of 4 filters, each before a convolution of stride 2.

    The block of gate `block1_gate` is called `block1`; behind its convolution, `exit1`
    has the gate `exit1_exit_gate`.

    Args:
        exits: number of exits, from the first on; 0 for a network without.
        gate: function from a name and a seed to a gate.
        loss_weight: of all exits.
        activation: of all classifiers.
    """

    def conv(name, strides=1):
        return L.Conv2D(4, 3, strides, padding="same", activation="relu", name=name)

    x = inputs = keras.Input((SIZE, SIZE, 3))
    x = conv("stem")(x)
    answers, decisions = [], []
    for number in (1, 2, 3):
        name = f"block{number}"
        x, _ = tfgate.GatedResidual(
            conv(f"{name}_conv"), gate(f"{name}_gate", number), name=name
        )(x)
        x = conv(f"half{number}", 2)(x)
        if number <= exits:
            name = f"exit{number}"
            dense = L.Dense(builders.CLASSES, activation, name=f"{name}_dense")
            answer, outputs = tfgate.EarlyExit(
                keras.Sequential(
                    [conv(f"{name}_conv", 2), L.GlobalAveragePooling2D(), dense]
                ),
                gate(f"{name}_exit_gate", 10 + number),
                loss_weight=loss_weight,
                name=name,
            )(x)
            answers.append(answer)
            decisions.append(outputs["decision"])
    x = L.GlobalAveragePooling2D()(x)
    last = L.Dense(builders.CLASSES, activation, name="head")(x)
    if exits:
        last = tfgate.ExitSelection(name="selection")([*answers, last], decisions)
    return tfgate.GatedModel(inputs, last)


def independent_gate(name, seed):
    return tfgate.IndependentGate(name=name, seed=seed)


def set_decisions(model, decisions):
    """Opens and closes independent gates for good: gate name -> 0 or 1."""
    for gate in model.gates:
        builders.set_open_probability(gate, 0.9 if decisions[gate.name] else 0.1)
