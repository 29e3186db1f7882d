package org.tfgate.demo.app.adapt;

import org.tfgate.demo.app.chart.Drawing;
import org.tfgate.demo.app.screen.Choice;
import org.tfgate.demo.app.screen.Slider;

/** What the screen shows; used for one view. Null is what is not there. */
final class AdaptState {
    Choice models;
    Slider target;
    Choice minutes;
    boolean canStart;
    boolean isRunning;
    boolean canSave;
    String message;
    String now;
    String details;
    Drawing chart;
    String description;
}
