"""What the gates of a trained network do, as plots and as tables.

One evaluation pass, kept in a file, is all that the plots need:

    gate_pass = tfgate.analysis.record(model, dataset)
    gate_pass.save("gates.npz")
    ...
    gate_pass = tfgate.analysis.GatePass.load("gates.npz")
    tfgate.analysis.gallery("plots", gate_pass)

Each plot is a PNG file with the very numbers that it shows beside it as CSV. Drawing
needs matplotlib, the extra `tfgate[analysis]`; recording does not.
"""

from tfgate.analysis.easy_and_hard import plot_extreme_images
from tfgate.analysis.exits import plot_exits
from tfgate.analysis.figures import NothingToDraw
from tfgate.analysis.frequencies import plot_frequencies
from tfgate.analysis.gate_pass import GatePass
from tfgate.analysis.polarization import plot_gate_states
from tfgate.analysis.polarization import plot_polarization
from tfgate.analysis.rates import draw_final_rates
from tfgate.analysis.rates import draw_rates_over_epochs
from tfgate.analysis.rates import plot_final_rates
from tfgate.analysis.rates import plot_rates_over_epochs
from tfgate.analysis.recording import record
from tfgate.analysis.report import gallery
from tfgate.analysis.specialization import plot_gate_classes
from tfgate.analysis.specialization import plot_specialization
from tfgate.analysis.throttling import plot_component_utilization
from tfgate.analysis.throttling import plot_throttling
from tfgate.analysis.tradeoff import plot_tradeoff

__all__ = [
    "GatePass",
    "NothingToDraw",
    "draw_final_rates",
    "draw_rates_over_epochs",
    "gallery",
    "plot_component_utilization",
    "plot_exits",
    "plot_extreme_images",
    "plot_final_rates",
    "plot_frequencies",
    "plot_gate_classes",
    "plot_gate_states",
    "plot_polarization",
    "plot_rates_over_epochs",
    "plot_specialization",
    "plot_throttling",
    "plot_tradeoff",
    "record",
]
