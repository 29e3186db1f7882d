from tflite import micro_benchmark


def test_every_subject_gets_its_median(converted):
    gated = converted(
        "dependent", lowering="conditional", tau_input=True, gate_outputs=True
    )
    dense = converted("dependent", lowering="dense")
    taken = micro_benchmark.milliseconds(
        [(gated, 0.0), (gated, 1.0), (dense, None)], runs=3, warmup=1
    )
    assert len(taken) == 3
    assert all(ms > 0 for ms in taken)
