r"""Measures .tflite files on a phone, over adb, with the app in `android_demo`.

    python -m tflite.android --models=dense.tflite,gated.tflite --out=results \
        [--serial=SERIAL] [--adb=ADB] [--apk=tfgate-demo.apk] [--images=FOLDER] \
        [--runs=N] [--warmup=N] [--threads=1,2] [--tau=0.5,0.7] [--u=0.5,1] \
        [--noxnnpack] [--seed=N] [--name=NAME] [--timeout=SECONDS] \
        [--report [--verify=verify.json,...]]

Brings the files to the phone (those that lie there already are not sent again), starts
the app's benchmark, shows its progress and fetches what it found: NAME.json, of the
JSON Schema in `tflite/schema`, NAME.csv with every run, and with `--report` the page of
`tflite.report`, NAME.html. The first of the models is the baseline, to which ratios
refer. `asset:NAME.tflite` is a file inside the app.

A result is kept as a whole or not at all: it is checked against the schema and against
the very files that were sent before anything is written into `--out`. Whatever is wrong
is one line and exit code 2.

`docs/how-to/phone.md` leads from a phone to a page of results.
"""

from tflite.android.run import android

__all__ = ["android"]
