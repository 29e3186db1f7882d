"""From a trained network to a .tflite file that skips, and its numbers.

    python -m tflite.convert      model.keras -> model.tflite
    python -m tflite.verify       same decisions, same predictions?
    python -m tflite.static       model.keras -> its static network
    python -m tflite.benchmark    how fast, compared with another file?
    python -m tflite.android      the same on a phone, by the app in android_demo
    python -m tflite.report       results -> one page

Each command has a function of the same name for use from Python.
"""
