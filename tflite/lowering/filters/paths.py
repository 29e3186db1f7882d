"""A path through a block, computed part by part.

Of two segments with a mixing layer between them, part b of the second is a sum over the
parts of the first, each behind its condition:

    acc = conv_ub(ungated);  acc = IF(a is open, acc + conv_ab(part a), acc);  ...

So every pair of parts has a convolution of its own, ungated x ungated one dense one,
and a pair costs one addition, a pass over part b. Who reads a part decides where it is
computed:

- Where one part reads it (the next place is not gated), it is computed in the very
  condition in which it is read. With one gated place between two convolutions, an IF
  holds both of them and adds to the sum, and no closed part is ever stored.
  A part may have variants there, with fewer channels, of which a tree of conditions
  finds the first that has all open ones.
- Where several parts read it, it is computed once, in an IF of its own, which stores
  zeros while it is closed. Nested in its readers it would be computed several times;
  nested the other way, its condition would hold, and hand on, all of its readers' sums.
  What is stored has one size: no variants there.

The sum starts with what always runs, the skip connection where one is to be added
anyway. Bias, mask and activation stand in both branches of the last condition, where
they fuse into its addition: behind it they would be a pass of their own.
"""

import keras
import numpy as np
import tensorflow as tf

from tfgate.blocks import Site
from tfgate.compaction import slicing
from tflite.errors import InputError
from tflite.lowering.filters import gathered
from tflite.lowering.filters import parts as part_lists
from tflite.lowering.filters import steps
from tflite.lowering.filters import sums
from tflite.lowering.filters.macs import Switched
from tflite.lowering.filters.mixers import Mixers
from tflite.lowering.filters.picking import pick
from tflite.lowering.filters.segments import count_macs
from tflite.lowering.filters.segments import split


class PartitionedPath:
    """A block's stages or its shortcut, as parts behind conditions.

    Args:
        block: the `tfgate.GatedFilters`.
        path: `block.path()` or `block.shortcut_path()`.
        clusters: site name -> settled `SiteClusters`.
        decided: tuple with 0, 1 or None for each component of the gate.
        rewriter: the `tfgate.graph.GraphRewriter` at work.
        name: begins the names of the new layers.
        gather: whether 1x1 convolutions read and compute the open filters alone.
        scales: site name -> number of the factor of filters without a gate, where
            everything that is open is scaled; None where it is not.

    Attributes:
        layers: list of `(layer, input shape)`, all new layers.
        gathers: whether there are such convolutions.

    Raises:
        InputError: the path has layers that cannot be taken apart.
    """

    def __init__(
        self, block, path, clusters, decided, rewriter, name, gather=False, scales=None
    ):
        self.layers, self.gathers = [], False
        self._is_scaled = scales is not None
        self._rewriter, self._name = rewriter, name
        self._segments, self._mixings = split(path, block.built_shape)
        self._parts = [
            part_lists.of_segment(
                s, None if s.site is None else clusters[s.site.name], decided, scales
            )
            for s in self._segments
        ]
        self._refuse_unknown(block)
        try:
            closed = [part_lists.constants(segment) for segment in self._segments]
        except slicing.NotFoldable:
            raise InputError(
                f"Expected block {block.name!r} with constants behind its closed "
                "filters for the lowering 'groups', got a padded layer right behind a "
                "batch norm, or a switchable batch norm there; choose 'masked'."
            ) from None
        self._gathered = [
            gather and gathered.is_pointwise(mixing.layer) for mixing in self._mixings
        ]
        self._keeps_zeros = [not values.any() for values in closed]
        # What always runs is never replaced by its closed values.
        for parts, values in zip(self._parts, closed, strict=True):
            for part in parts:
                if not part.members:
                    values[list(part.exit)] = 0.0
        self._closed = closed
        self._steps = {
            part: self._part_steps(k, part)
            for k in range(len(self._parts))
            for part in self._alternatives(k)
        }
        self._refuse_stored_variants(block)
        self._mixers = [
            self._pairs(k, mixing) for k, mixing in enumerate(self._mixings, start=1)
        ]

    @property
    def clusters(self):
        """Members of all parts behind conditions, a list of tuples."""
        return [p.members for parts in self._parts for p in parts if p.members]

    @property
    def variants(self):
        """Members of parts with variants -> list of what these lack."""
        return {
            part.members: [own.lacks for own in part.variants]
            for parts in self._parts
            for part in parts
            if part.variants
        }

    @property
    def output_shape(self):
        """Shape of the path's output, with a batch of one."""
        return (1, *self._segments[-1].shapes[-1][1:])

    @property
    def has_masks(self):
        """Whether some part has filters that close while it runs."""
        masks = [isinstance(s, steps.Mask) for p in self._steps.values() for s in p]
        return self.gathers or any(masks)

    def macs(self):
        """What the path executes: list of `Switched`."""
        found = []
        for k, parts in enumerate(self._parts):
            segment = self._segments[k]
            for part in parts:
                context = self._context(k, part)
                for own, sign, passed in part.cases():
                    factors = (*context, *passed)
                    for element, shape, kept in zip(
                        segment.elements, segment.shapes, own.channels, strict=False
                    ):
                        if not isinstance(element, Site):
                            macs = count_macs(element, shape) * len(kept) // shape[-1]
                            found.append(Switched(sign * macs, factors))
                    if k:
                        found += self._mixing_macs(k, own, sign, factors)
        return found

    def build(self):
        """Builds the new layers."""
        for layer, shape in self.layers:
            if not layer.built:
                layer.build(shape)

    def __call__(self, inputs, gating, start, activation):
        """Runs the path.

        Args:
            inputs: the block's input.
            gating: `tflite.lowering.filters.gating.Gating`.
            start: tensor to which the result is added; None for nothing.
            activation: function of the result.

        Returns:
            Tensor of the path's output shape.
        """
        last = len(self._segments) - 1
        values = {p: lambda p=p: pick(inputs, p.entry) for p in self._alternatives(0)}
        for k in range(last + 1):
            values = self._values(k, values, gating, start, activation)
        tensors = [values[part]() for part in self._parts[-1]]
        if self._adds_up():
            return tensors[0]
        result = self._assembled(tensors)
        return activation(result if start is None else start + result)

    # --- One segment

    def _values(self, k, previous, gating, start, activation):
        """Part of a segment, or variant -> function that gives it, while it is open."""
        last = k == len(self._segments) - 1
        if not (last and self._adds_up()):
            start, activation = None, keras.activations.linear
        functions = {
            part: lambda p=part: self._run(k, p, previous, gating, start, activation)
            for part in self._alternatives(k)
        }
        if not self._is_stored(k):
            return functions
        stored = {}
        for part, function in functions.items():
            if part.members:
                tensor = self._stored(k, part, function, gating)
            else:
                tensor = function()
            stored[part] = lambda tensor=tensor: tensor
        return stored

    def _run(self, k, part, previous, gating, start, activation):
        if not k:
            return self._stepped(part, previous[part](), gating)
        pairs = self._mixers[k - 1]

        def finish(total, has_bias):
            total = pairs.finish(total, part, has_bias)
            return activation(self._stepped(part, total, gating))

        return self._sum(k, part, previous, gating, start, finish)

    def _stepped(self, part, x, gating):
        for step in self._steps[part]:
            x = step(x, gating)
        return x

    def _stored(self, k, part, function, gating):
        shape = (1, *self._segments[k].shapes[-1][1:-1], len(part.exit))
        is_open = gating.condition(part.members)
        # A constant of zeros would lie in the file, as large as it is.
        return tf.cond(is_open, function, lambda: sums.zeros(shape, is_open))

    def _sum(self, k, part, previous, gating, start, finish):
        pairs = self._mixers[k - 1]

        def term(given):
            return pairs.layers[given, part](previous[given](), gating=gating)

        always = next((p for p in self._parts[k - 1] if not p.members), None)
        total = start
        if always is not None and start is None:
            total = term(always)
        shape = (*pairs.shape[:-1], len(part.entry))
        gated = [p for p in self._parts[k - 1] if p.members]
        has_bias = always is not None
        for given in gated:
            terms = [lambda own=own: term(own) for own in given.alternatives]
            add = sums.Addition(terms, gating.passed(given.members))
            is_open = gating.condition(given.members)
            if given is gated[-1] and self._ends_inside(k, part, start is not None):
                return add(
                    total, is_open, shape, lambda x, added: finish(x, added or has_bias)
                )
            total = add(total, is_open, shape)
        if always is not None and start is not None:
            total = total + term(always)
        return finish(total, has_bias)

    def _ends_inside(self, k, part, has_start):
        """Whether the last condition of a sum also holds what follows the sum.

        It stands in both branches, so it should have no weights.
        """
        always = any(not part.members for part in self._parts[k - 1])
        light = all(step.is_light for step in self._steps[part])
        return light and not (always and has_start)

    # --- The end

    def _is_stored(self, k):
        """Whether the parts of a segment are tensors that several others read."""
        last = k == len(self._segments) - 1
        return not self._adds_up() if last else len(self._parts[k + 1]) > 1

    def _adds_up(self):
        """Whether the path ends as one sum, to which something can be added."""
        parts = self._parts[-1]
        whole = len(parts) == 1 and not parts[0].members
        in_order = whole and parts[0].exit == tuple(range(self._segments[-1].width))
        linear = bool(self._mixings) and _is_linear(self._mixings[-1].layer)
        return in_order and linear and not self._steps[parts[0]]

    def _assembled(self, tensors):
        """All channels of the output, in their order."""
        segment = self._segments[-1]
        order = [c for part in self._parts[-1] for c in part.exit]
        missing = sorted(set(range(segment.width)) - set(order))
        if missing:
            tensors.append(tf.zeros((1, *segment.shapes[-1][1:-1], len(missing))))
        joined = tensors[0] if len(tensors) == 1 else tf.concat(tensors, axis=-1)
        joined = pick(joined, np.argsort([*order, *missing]))
        if self._closed[-1].any():
            joined = joined + self._closed[-1].astype("float32")
        return joined

    # --- Making

    def _refuse_unknown(self, block):
        for k, mixing in enumerate(self._mixings, start=1):
            sides = (self._parts[k - 1], self._parts[k])
            whole = [
                len(parts) == 1
                and not parts[0].members
                and parts[0].entry == tuple(range(len(parts[0].entry)))
                for parts in sides
            ]
            if not mixing.is_known and not all(whole):
                raise InputError(
                    f"Expected block {block.name!r} of convolutions, dense layers, "
                    "batch norms, pooling and activations for the lowering 'groups', "
                    f"got {mixing.layer.name!r} of class "
                    f"{type(mixing.layer).__name__} next to gated filters; choose "
                    "'masked'."
                )

    def _refuse_stored_variants(self, block):
        for k, parts in enumerate(self._parts):
            if self._is_stored(k) and any(part.variants for part in parts):
                raise InputError(
                    "Expected variants only of clusters that one ungated convolution "
                    f"reads, got some at the place {self._segments[k].site.name!r} of "
                    f"block {block.name!r}."
                )

    def _alternatives(self, k):
        """All parts of a segment, each behind its variants: a list."""
        return [own for part in self._parts[k] for own in part.alternatives]

    def _part_steps(self, k, part):
        """What is done to a part: functions `(tensor, gating) -> tensor`."""
        segment, found = self._segments[k], []
        for index, element in enumerate(segment.elements):
            kept = list(part.channels[index])
            if isinstance(element, Site):
                masks = part.masks[element]
                if any(mask is not None for mask in masks):
                    mask = steps.Mask(masks)
                    # In this order the ReLU is part of the multiplication.
                    swaps = found and found[-1].commutes(self._is_scaled)
                    found.insert(len(found) - bool(swaps), mask)
                continue
            new = steps.sliced(element, kept)
            shape = (*segment.shapes[index][:-1], len(kept))
            found.append(steps.Step(self._adopt(new, shape)))
        closed = self._closed[k][list(part.exit)]
        if part.members and closed.any():
            found.append(steps.Shift(-closed.astype("float32")))
        return found

    def _pairs(self, k, mixing):
        before, after = self._parts[k - 1], self._parts[k]
        name = f"{self._name}_{mixing.layer.name}"
        if not mixing.is_known:
            layer = self._adopt(slicing.copy_layer(mixing.layer), mixing.input_shape)
            return sums.Copied(layer, before[0], after[0], mixing.output_shape)
        mixers = Mixers(mixing, self._closed[k - 1])
        layers = {}
        always = any(not part.members for part in before)
        behind = _labelled(after)
        for given, a in _labelled(before).items():
            shape = (*mixing.input_shape[:-1], len(given.exit))
            for made, b in behind.items():
                bias = not given.members
                if not always and given in before[-1].alternatives:
                    bias = self._ends_inside(k, made, False)
                new = mixers.layer(given.exit, made.entry, bias, f"{name}_{a}_{b}")
                sides = self._sides(k, given, made)
                if sides == (None, None):
                    layers[given, made] = steps.Step(self._adopt(new, shape))
                    continue
                strides = mixing.layer.strides
                new = slicing.NewLayer(*gathered.with_kernel(new, *sides, strides))
                layers[given, made] = self._adopt(new, shape)
                self.gathers = True
        return sums.Pairs(layers, mixers, behind, mixing)

    def _sides(self, k, given, made):
        """Components of the channels that a gathered convolution reads and makes."""
        if not self._gathered[k - 1]:
            return None, None
        before, after = self._segments[k - 1], self._segments[k]
        # Behind a batch norm a closed filter is no zero that could be left out.
        reads = given.components(before) if self._keeps_zeros[k - 1] else None
        return reads, made.components(after)

    def _adopt(self, new, shape):
        self.layers.append((new.layer, shape))
        return self._rewriter.adopt(new.layer, new.weights)

    # --- Costs

    def _context(self, k, part):
        """The clusters of which a component must be open for a part to be computed."""
        own = (part.members,) if part.members else ()
        if k + 1 < len(self._parts) and len(self._parts[k + 1]) == 1:
            return (*self._context(k + 1, self._parts[k + 1][0]), *own)
        return own

    def _mixing_macs(self, k, part, sign, factors):
        found = []
        for given in self._parts[k - 1]:
            members = (given.members,) if given.members else ()
            for own, other_sign, passed in given.cases():
                cases = (*factors, *members, *passed)
                found += self._pair_macs(k, own, part, sign * other_sign, cases)
        return found

    def _pair_macs(self, k, given, part, sign, factors):
        mixing, found = self._mixings[k - 1], []
        inputs, outputs = mixing.input_shape[-1], mixing.output_shape[-1]
        reads, makes = self._sides(k, given, part)
        for read, of_read in gathered.split_shares(reads)(len(given.exit)):
            for made, of_made in gathered.split_shares(makes)(len(part.entry)):
                macs = sign * (mixing.macs * read * made // (inputs * outputs))
                shares = tuple(s for s in (of_read, of_made) if s is not None)
                found.append(Switched(macs, factors, shares, ((macs, made),)))
        return found


def _labelled(parts):
    """Part, or variant -> what it is called in names of layers."""
    labels = {}
    for number, part in enumerate(parts):
        for variant, own in enumerate(part.variants):
            labels[own] = f"{number}v{variant}"
        labels[part] = str(number)
    return labels


def _is_linear(layer):
    return getattr(layer, "activation", None) is keras.activations.linear
