from absl import flags as absl_flags

from trainers.common import flags


def test_every_flag_is_defined_once_and_explained():
    values = absl_flags.FlagValues()
    flags.define(values)
    names = [flag.name for flag in flags.defined(values)]
    assert len(names) == len(set(names))
    assert set(names) <= set(values) and {"gate", "strategy", "workdir"} <= set(names)
    assert all(flag.help.endswith(".") for flag in flags.defined(values))


def test_a_program_has_its_own_defaults():
    values = absl_flags.FlagValues()
    flags.define(values, epochs=7)
    values(["program"])
    assert values.epochs == 7 and values.batch_size == 128
