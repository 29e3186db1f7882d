"""The way of a training program, as far as it goes without TensorFlow."""

import json

import pytest
from absl import flags as absl_flags

from trainers.common import flags
from trainers.common import program
from trainers.common import settings
from trainers.common.errors import UserError
from trainers.common.workdir import Workdir


@pytest.mark.parametrize(
    ("gating", "flag"), [("nested", "--taus=0.5"), (None, "--us=0.5")]
)
def test_an_evaluation_ignores_no_flag(tmp_path, gating, flag):
    given = {} if gating is None else {"gating": gating}
    of_run = settings.make(dataset="digits", **given)
    for name in ("results.json", "model.keras"):
        (tmp_path / name).touch()
    (tmp_path / "flags.json").write_text(json.dumps(vars(of_run)), encoding="utf-8")
    values = absl_flags.FlagValues()
    flags.define(values)
    arguments = ["program", f"--workdir={tmp_path}", "--evaluate_only", flag]
    chosen = settings.parse(arguments, values)
    with pytest.raises(UserError, match="no effect with --evaluate_only of a run with"):
        program.evaluate(chosen, Workdir(tmp_path))
    assert not (tmp_path / "evaluation").exists()
