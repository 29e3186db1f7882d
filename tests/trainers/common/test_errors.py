import weakref

import pytest

from trainers.common import errors


class Held:
    """Something that a frame holds."""


def fail(error):
    raise error


@pytest.mark.parametrize(
    "error, code, start",
    [
        (errors.UserError("expected\na, got b"), 2, "error: expected a, got b"),
        (errors.RunStopped("loss is nan"), 1, "stopped: loss is nan"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(capsys, error, code, start):
    with pytest.raises(SystemExit) as exit_:
        errors.one_line_errors(fail, error)
    assert exit_.value.code == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(start) and printed.err.count("\n") == 1


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        errors.one_line_errors(fail, ZeroDivisionError())


def test_a_function_that_works_gives_its_result():
    assert errors.one_line_errors(max, 1, 2) == 2


def test_nothing_of_the_error_is_left_when_the_program_ends(monkeypatch):
    held = []

    def hold():
        local = Held()
        held.append(weakref.ref(local))
        raise errors.UserError("bad")

    monkeypatch.setattr(errors, "_exit", lambda code, text: held.append(held[0]()))
    errors.one_line_errors(hold)
    assert held[1] is None


def test_a_lost_process_ends_this_one_at_once(capsys, monkeypatch):
    ended = []
    monkeypatch.setattr(errors.os, "_exit", ended.append)
    errors.one_line_errors(fail, errors.PeerLost("worker 1\nhas ended"))
    assert ended == [3]
    assert capsys.readouterr().err == "stopped: worker 1 has ended\n"


def test_bad_input_of_one_of_several_processes_ends_it_at_once(capsys, monkeypatch):
    ended = []
    monkeypatch.setattr(errors.os, "_exit", ended.append)
    error = errors.UserError("expected images")
    error.others_wait = True
    errors.one_line_errors(fail, error)
    assert ended == [2]
    assert capsys.readouterr().err == "error: expected images\n"
