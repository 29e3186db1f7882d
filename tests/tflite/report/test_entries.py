import pytest

from tests.tflite import results as examples
from tflite.report import entries


def collect(verified, documents=None):
    documents = documents or [examples.phone()]
    return entries.collect(documents, [("v.json", each) for each in verified])


def test_accuracy_belongs_to_a_file_at_a_setting():
    found = collect([examples.verified("resnet20_gated", 0.9, tau=0.5)])
    assert [entry.accuracy for entry in found] == [None, 0.9, None, None]
    assert [entry.number for entry in found] == [1, 2, 3, 4]
    assert found[1].name == "resnet20_gated, τ = 0.5" and found[0].setting == ""


def test_accuracies_over_u():
    phone = examples.phone()
    phone["files"][1]["dial"] = "u"
    phone["points"][1] |= {"tau": None, "u": 0.30000001192092896}
    row = {"u": 0.3, "accuracy": {"keras": 0.8, "tflite": 0.8}}
    (_, at, _, _) = collect(
        [examples.verified("resnet20_gated", 0.5, us=[row])], [phone]
    )
    assert at.accuracy == 0.8 and at.setting == "u = 0.3"


def test_other_runtimes_have_no_accuracy_of_ours():
    phone = examples.phone()
    extra = phone["files"][0] | {"name": "dense in torch", "role": "extra"}
    phone["files"].append(extra)
    phone["points"].append(phone["points"][0] | {"file": "dense in torch"})
    found = collect([examples.verified("resnet20_dense", 0.9)], [phone])
    assert found[0].accuracy == 0.9 and found[-1].accuracy is None


def test_panels_are_what_can_be_compared():
    phone = examples.phone()
    phone["points"][1]["threads"] = 4
    phone["points"][3] |= {"batch": 8, "batch_mode": "resized"}
    found = entries.panels(collect([], [phone]))
    numbers = {threads: [e.number for e in own] for (_, threads), own in found.items()}
    assert numbers == {1: [1, 3], 4: [2]}


@pytest.mark.parametrize(("index", "letter"), [(0, "A"), (25, "Z"), (26, "A2")])
def test_letters(index, letter):
    assert entries.letter(index) == letter
