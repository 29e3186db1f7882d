"""What the app's lines mean."""

import pytest

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
