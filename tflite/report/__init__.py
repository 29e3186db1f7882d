r"""One HTML page of any number of results of benchmarks.

    python -m tflite.report --results=a.json,b.json --output=report.html \
        [--verify=verify_a.json,...] [--title=...]

The results are those of `tflite.benchmark`, or of an app that follows the JSON Schema
in `tflite/schema`. Accuracy comes from results of `tflite.verify`, for the very
.tflite files that were measured, at the same settings.

The page needs nothing from elsewhere and runs no script. Pictures are told apart by
shapes and numbers, not colours; every number of a picture stands in a table, too.
"""

from tflite.report.write import report

__all__ = ["report"]
