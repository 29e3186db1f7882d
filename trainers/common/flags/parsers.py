"""What a flag may hold: parsers of single values and of lists."""

import operator

from absl import flags

from trainers.common import expressions

PLACES = ("input", "inner", "output", "shortcut")


class GateLosses(flags.ArgumentParser):
    """Gate losses, as `expressions` reads them."""

    syntactic_help = expressions.LOSS_HELP

    def parse(self, argument):
        expressions.parse_losses(argument)
        return argument


class Number(flags.ArgumentParser):
    """A number or a schedule, as `expressions` reads them.

    Args:
        allowed: function that tells whether a number is.
        expected: what it expects, such as "above 0".
    """

    syntactic_help = expressions.SCHEDULE_HELP

    def __init__(self, allowed, expected):
        super().__init__()
        self._allowed = allowed
        self._expected = expected

    def parse(self, argument):
        parsed = expressions.parse_number(argument)
        if isinstance(parsed, expressions.Call):
            return argument
        if not self._allowed(parsed):
            raise ValueError(f"expected a number {self._expected}")
        return parsed


class Control(flags.ArgumentParser):
    """A distribution of u, as `expressions` reads them."""

    syntactic_help = expressions.CONTROL_HELP

    def parse(self, argument):
        expressions.parse_control(argument)
        return argument


class Controls(flags.ArgumentParser):
    """Numbers in [0, 1], separated by commas."""

    syntactic_help = "numbers in [0, 1], separated by commas"

    def parse(self, argument):
        us = _numbers(float, argument)
        if not all(0.0 <= u <= 1.0 for u in us):
            raise ValueError(f"expected {self.syntactic_help}")
        return us


class Taus(flags.ArgumentParser):
    """Numbers in (0, 1), separated by commas."""

    syntactic_help = "numbers in (0, 1), separated by commas"

    def parse(self, argument):
        taus = _numbers(float, argument)
        if not all(0.0 < tau < 1.0 for tau in taus):
            raise ValueError(f"expected {self.syntactic_help}")
        return taus


class Places(flags.ArgumentParser):
    """Names of places, separated by commas."""

    syntactic_help = f"some of {', '.join(PLACES)}, separated by commas"

    def parse(self, argument):
        places = argument.split(",") if isinstance(argument, str) else argument
        if not set(places) <= set(PLACES) or len(set(places)) < len(places):
            raise ValueError(f"expected {self.syntactic_help}")
        return places


class Counts(flags.ArgumentParser):
    """Whole numbers from 1, separated by commas."""

    syntactic_help = "whole numbers from 1, separated by commas"

    def parse(self, argument):
        counts = _numbers(int, argument)
        if min(counts) < 1:
            raise ValueError(f"expected {self.syntactic_help}")
        return counts


class Epochs(flags.ArgumentParser):
    """Increasing whole numbers from 1, separated by commas."""

    syntactic_help = "increasing whole numbers from 1, separated by commas"

    def parse(self, argument):
        epochs = _numbers(int, argument)
        if epochs[0] < 1 or any(map(operator.ge, epochs, epochs[1:])):
            raise ValueError(f"expected {self.syntactic_help}")
        return epochs


class Steps(flags.ArgumentParser):
    """The first and the last of some steps, from 1, separated by a comma."""

    syntactic_help = "two whole numbers from 1, the first and the last, such as 10,20"

    def parse(self, argument):
        steps = _numbers(int, argument)
        if len(steps) != 2 or not 1 <= steps[0] <= steps[1]:
            raise ValueError(f"expected {self.syntactic_help}")
        return steps


def _numbers(kind, argument):
    """The numbers in a flag's text; a list of numbers, a default, stays as it is."""
    if isinstance(argument, str):
        argument = argument.split(",")
    try:
        return [kind(number) for number in argument]
    except ValueError:
        raise ValueError("expected numbers, separated by commas") from None
