"""`tfgate.GatedFilters` in TFLite, with gates that look at the image.

| file | what it holds |
|---|---|
| `segments.py` | a path, cut where its layers mix channels |
| `parts.py` | which filters of a segment run together |
| `mixers.py` | convolutions and dense layers between parts, batch norms folded in |
| `paths.py` | a path of such parts, run part by part |
| `steps.py`, `sums.py`, `picking.py` | what such a path is made of |
| `block.py` | a block of one or two such paths |
| `gathered.py` | 1x1 convolutions of exactly the open filters |
| `gating.py`, `trees.py` | conditions and masks from decisions; trees of them |
| `macs.py` | what a path executes under given decisions |
| `groups.py`, `variants.py`, `masked.py`, `decided.py` | the lowerings |

Importing this package registers the lowerings.
"""

from tflite.lowering.filters import decided
from tflite.lowering.filters import groups
from tflite.lowering.filters import masked
from tflite.lowering.filters import variants
from tflite.lowering.filters.macs import Switched

__all__ = ["Switched", "decided", "groups", "masked", "variants"]
