"""What the app's lines mean."""

import pytest

from tflite.android import adb
from tflite.android import wait
from tflite.android.request import Request
from tflite.errors import InputError


@pytest.mark.parametrize(
    "line",
    [
        "I/tfgate-bench: done result=b file=/x/b.json runs=3",
        "I/tfgate-progress: done result=a file=/x/a.json runs=3",
        "I/other   : done result=a file=/x/a.json runs=3",
        "I/tfgate-bench: begun result=a file=/x/a.json runs=3",
        "--------- beginning of main",
        "",
    ],
)
def test_lines_about_something_else(line):
    assert wait.understood(line, "a") is None


def test_the_end_of_a_benchmark():
    line = "I/tfgate-bench: done result=a file=/x y/a.json runs=300"
    assert wait.understood(line, "a") == wait.Done("/x y/a.json", 300)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "E/tfgate-bench: failed result=a reason=no model: b=c",
            "measure: no model: b=c",
        ),
        (
            "I/tfgate-bench: done result=a file=/x/a.json",
            "'file=PATH runs=N' of the app",
        ),
        ("I/tfgate-bench: done result=a file=/x runs=many", "'file=PATH runs=N' of"),
    ],
)
def test_benchmarks_that_failed(line, message):
    with pytest.raises(InputError, match=message):
        wait.understood(line, "a")


class Answers:
    """A phone that gives the answers that it was made with, in turn."""

    def __init__(self, *answers):
        self._answers = list(answers)

    def shell(self, *words):
        return adb.Answer(self._answers.pop(0), "", "")

    def state(self):
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((0,), True),
        ((1, "device", 1, "device"), False),
        ((1, "gone"), True),
        # Back after the first question.
        ((1, "device", 0), True),
        ((1, "device", 1, "offline"), True),
    ],
    ids=str,
)
def test_an_app_counts_as_alive_while_its_phone_is_gone(answers, expected):
    assert wait.alive(Answers(*answers)) is expected


def test_runs_are_counted_for_the_time_they_take():
    request = Request(
        models=("a.tflite", "b.tflite"),
        runs=100,
        warmup=10,
        threads=(1, 2),
        tau=(0.5, 0.7, 0.5),
        u=(0.5,),
        result="r",
    )
    assert request.tau == (0.5, 0.7)
    assert request.all_runs == 2 * 2 * 2 * 110
