"""Flags of the training."""

from absl import flags

from trainers.common.flags import parsers


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_integer(
        "epochs", 15, "Passes over the training set.", 1, flag_values=values
    )
    flags.DEFINE_integer(
        "batch_size", 128, "Images in a training step.", 1, flag_values=values
    )
    flags.DEFINE_enum(
        "optimizer",
        "sgd",
        ("sgd", "adam"),
        "Who takes the steps: SGD with momentum, or Adam.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "learning_rate", 0.1, "Highest learning rate.", 0.0, flag_values=values
    )
    flags.DEFINE_enum(
        "schedule",
        "cosine",
        ("cosine", "cosine_restarts", "step", "constant"),
        "Learning rate over steps: one cosine cycle down to 0, cycles that start again "
        "(SGDR), a division at --step_epochs, or always the same. What is known of the "
        "schedule that CS calls fine-tune stands in trainers/common/schedules.py: "
        "--schedule=step --learning_rate=0.01 --step_epochs=30,60,90 --epochs=100.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "warmup_epochs",
        0.0,
        "Epochs of linear warm-up from 0, part of --epochs; may be a fraction. With "
        "--schedule=step not beyond the first of --step_epochs. Not with "
        "cosine_restarts. Default: none.",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "restart_epochs",
        10,
        "With --schedule=cosine_restarts: epochs of the first cycle.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "restart_factor",
        2,
        "With --schedule=cosine_restarts: how many times as long as the one before "
        "each cycle is.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Epochs(),
        "step_epochs",
        "150,250",
        "With --schedule=step: epochs after which the learning rate falls.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "step_factor",
        0.1,
        "With --schedule=step: factor of the learning rate at each of --step_epochs.",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_float(
        "momentum",
        0.9,
        "Momentum of SGD, from 0 and below 1.",
        lower_bound=0.0,
        upper_bound=1 - 1e-6,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "nesterov", True, "Nesterov's momentum, of SGD.", flag_values=values
    )
    flags.DEFINE_float(
        "weight_decay",
        1e-4,
        "L2 coefficient added to the gradients (coupled, as in the papers).",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_string(
        "gate_weight_decay",
        "scaled",
        "Weight decay of the gates' parameters: 'scaled' (20 / number of gates x "
        "--weight_decay, CS 3.2), 'same' (--weight_decay), or a number from 0.",
        flag_values=values,
    )
    flags.register_validator(
        "gate_weight_decay",
        lambda rule: rule in ("scaled", "same") or _is_number(rule),
        "expected 'scaled', 'same' or a number from 0",
        flag_values=values,
    )
    flags.DEFINE_float(
        "clip_norm",
        0.0,
        "Highest L2 norm of the loss's gradient over all parameters and the global "
        "batch; a longer one is scaled down, before weight decay joins. 0: none.",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_float(
        "ema_momentum",
        0.0,
        "Momentum of an exponential moving average of the weights, from 0 and below "
        "1: 0.999 remembers about 1,000 steps. What is evaluated, after each epoch "
        "and in the end, and saved as the model are the averages. Batch norm "
        "statistics are those of the weights themselves, until --recalibrate_steps "
        "estimates them anew for the final model. 0: no averages.",
        lower_bound=0.0,
        upper_bound=1 - 1e-6,
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Steps(),
        "profile_steps",
        None,
        "For TensorBoard: trace these training steps of this start, first and last, "
        "from 1, such as 10,20, into the folder tensorboard of --workdir. Default: "
        "none.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "seed",
        0,
        "Root of all randomness: initial weights, order, augmentation, gate noise.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "deterministic",
        False,
        "Use deterministic operations only: the same command gives the same weights "
        "bit for bit, interrupted or not. Slower.",
        flag_values=values,
    )


def _is_number(text):
    try:
        return 0.0 <= float(text) < float("inf")
    except ValueError:
        return False
