"""Assert what lesson 5.4 shows: each of the twelve mistakes gets its hint."""

assert said.pop("right") == []
assert said == {
    "a softmax too many": ["softmax-before-cross-entropy"],
    "the wrong sign": ["loss-negated"],
    "a sum for a mean": ["loss-summed"],
    "shapes that broadcast": ["loss-broadcasts"],
    "layers in a list": ["layers-in-a-list"],
    "a graph that is cut": ["graph-cut"],
    "all weights equal": ["weights-all-equal"],
    "units that are never active": ["dead-relus"],
    "gradients that are not cleared": ["no-zero-grad"],
    "a rate that is too high": ["lr-too-high"],
    "raw pixels": ["inputs-not-scaled"],
    "sorted and not shuffled": ["sorted-not-shuffled"],
}
assert [hint.kind for hint in watch.hints] == ["optimizer-of-other-tensors"]
assert d2l.check_model(MLP(), Clothes()) == []
assert right.passed
assert not wrong.passed
print("5.4 holds: twelve mistakes, each called by its name (promised: twelve)")
