import pytest

from tflite import machine

CPUINFO = """processor\t: 0
model name\t: A processor
cpu MHz\t\t: 2000.5
processor\t: 1
model name\t: A processor
cpu MHz\t\t: 3100.0
"""


@pytest.fixture
def cores(tmp_path, monkeypatch):
    """Folder of two cores that tell nothing yet; the rest is told by CPUINFO."""
    monkeypatch.setattr(machine, "_CORES", tmp_path)
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(CPUINFO)
    for core in range(2):
        (tmp_path / f"cpu{core}" / "cpufreq").mkdir(parents=True)
    return tmp_path


def test_virtual_machines_tell_no_governor(cores):
    described = machine.describe()
    assert described["governor"] is None and described["processor"] == "A processor"
    assert described["frequency_mhz"] == 3100.0


def test_governors_and_frequencies_of_all_cores(cores):
    for core, governor, kilohertz in (
        (0, "powersave", 800000),
        (1, "performance", 9e5),
    ):
        folder = cores / f"cpu{core}" / "cpufreq"
        (folder / "scaling_governor").write_text(governor + "\n")
        (folder / "scaling_cur_freq").write_text(f"{kilohertz:.0f}\n")
    described = machine.describe()
    assert described["governor"] == "performance, powersave"
    assert described["frequency_mhz"] == machine.frequency_mhz() == 900.0


def test_systems_that_tell_nothing(cores):
    (cores / "cpuinfo").unlink()
    assert machine.frequency_mhz() is None and machine.describe()["governor"] is None
