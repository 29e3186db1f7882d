package org.tfgate.demo.app.chart;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.Test;

public final class TicksTest {
    @Test
    public void roundNumbersAroundTheValues() {
        check(Ticks.around(0.0, 1.0, 5), "0.0", "0.2", "0.4", "0.6", "0.8", "1.0");
        check(Ticks.around(0.0, 34.2, 4), "0", "10", "20", "30", "40");
        check(Ticks.around(16.3, 33.9, 2), "10", "20", "30", "40");
        check(Ticks.around(0.0, 6.0, 6), "0", "1", "2", "3", "4", "5", "6");
        check(Ticks.around(0.00012, 0.00031, 2), "0.0001", "0.0002", "0.0003", "0.0004");
    }

    @Test
    public void zeroHasNoSign() {
        check(Ticks.around(-0.2, 0.2, 4), "-0.2", "-0.1", "0.0", "0.1", "0.2");
    }

    @Test
    public void equalValuesGetRoom() {
        Ticks ticks = Ticks.around(5.0, 5.0, 4);
        assertTrue(ticks.low() < 5.0 && ticks.high() > 5.0);
        Ticks zero = Ticks.around(0.0, 0.0, 4);
        assertTrue(zero.low() < zero.high());
    }

    @Test
    public void numbersAreOfTheLocale() {
        Ticks ticks = Ticks.around(0.0, 1.0, 2);
        assertEquals("0,5", ticks.label(0.5, Locale.GERMANY));
    }

    @Test
    public void barsHoldAllValues() {
        int[] counts = DistributionChart.counts(
                new double[] {0.0, 0.1, 0.9, 1.0, 7.0, -1.0}, 0.0, 1.0, 4);
        assertArrayEquals(new int[] {3, 0, 0, 3}, counts);
    }

    private static void check(Ticks ticks, String... expected) {
        List<String> labels = new ArrayList<String>();
        for (double value : ticks.values()) {
            labels.add(ticks.label(value, Locale.ROOT));
        }
        assertArrayEquals(labels.toString(), expected, labels.toArray());
    }
}
