r"""Measures converted networks against another one, on real images.

    python -m tflite.benchmark --models=gated.tflite,... --baseline=dense.tflite \
        [--static=static.tflite,...] [--dataset=digits|cifar10|imagenet2012] \
        [--data_dir=DIR] --runs=N [--threads=1,2] [--batches=1,8] [--tau=0.5 | --u=1] \
        [--sweep=tau|u [--sweep_values=0.05,0.3,0.5]] [--per_block] \
        [--extra_baselines=onnxruntime,torch] --json=result.json

All files run image by image, in alternation, in one process; what loading takes, and
memory, is measured in processes of their own. `--sweep` runs the files with an input τ
or u at each of several settings in the same run. MACs come from the files' metadata
and decisions: convert with `--gate_outputs`, unless the file has an input u.

`--static` names files of `tflite.static`, in which the closed blocks were removed
beforehand. The overhead of a gated file is its time over such a file's, given where it
decides for every image as the static file was made.

Each number of threads is measured in a run of its own: the threads of a pool go on
for a while after their work, and would disturb the next file.

A batch of b images is one call of a file whose decisions are the same for all images,
resized. A file that decides image by image was made for a batch of one, in which each
image has decisions of its own: a batch is b calls of it, and the table says so.

The result follows the JSON Schema in `tflite/schema`.
"""

from tflite.benchmark.document import find
from tflite.benchmark.run import benchmark
from tflite.benchmark.text import table

__all__ = ["benchmark", "find", "table"]
