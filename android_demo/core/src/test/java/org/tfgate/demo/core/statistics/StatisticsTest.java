package org.tfgate.demo.core.statistics;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import org.junit.Test;

/** Numbers are NumPy's; the expression that made them stands beside them. */
public final class StatisticsTest {
    private static final double TOLERANCE = 1e-14;

    // x = np.random.default_rng(1).lognormal(2.0, 0.5, 11).round(3)
    private static final double[] X = {
        8.783, 11.143, 8.717, 3.851, 11.619, 9.237, 5.649, 9.88, 8.867, 8.56, 7.495
    };

    @Test
    public void percentilesAreNumPys() {
        // np.percentile(x, [0, 1, 37.5, 50, 90, 95, 99, 100])
        double[] percents = {0, 1, 37.5, 50, 90, 95, 99, 100};
        double[] expected = {3.851, 4.0308, 8.67775, 8.783, 11.143, 11.381, 11.5714, 11.619};
        Statistics statistics = Statistics.of(X);
        for (int i = 0; i < percents.length; i++) {
            assertEquals(expected[i], statistics.percentile(percents[i]), TOLERANCE);
        }
        assertEquals(8.783, statistics.median(), 0.0);
        assertEquals(3.851, statistics.minimum(), 0.0);
        assertEquals(11.619, statistics.maximum(), 0.0);
    }

    @Test
    public void percentilesOfAnEvenNumber() {
        // np.percentile([3, 1, 10, 2], [50, 90, 95, 99])
        Statistics statistics = Statistics.of(new double[] {3, 1, 10, 2});
        assertEquals(2.5, statistics.percentile(50), 0.0);
        assertEquals(7.900000000000001, statistics.percentile(90), 0.0);
        assertEquals(8.949999999999998, statistics.percentile(95), 2e-15);
        assertEquals(9.79, statistics.percentile(99), 0.0);
    }

    @Test
    public void momentsAreNumPys() {
        Statistics statistics = Statistics.of(X);
        assertEquals(11, statistics.n());
        // x.mean(), x.std(ddof=1), x.std()
        assertEquals(8.527363636363638, statistics.mean(), TOLERANCE);
        assertEquals(2.239862418664471, statistics.sampleStandardDeviation(), TOLERANCE);
        assertEquals(2.1356250212537216, statistics.populationStandardDeviation(), TOLERANCE);
        // np.median(abs(x - np.median(x)))
        assertEquals(1.0970000000000013, statistics.mad(), TOLERANCE);
    }

    @Test
    public void outliersAreMarkedInTheOrderOfTheValues() {
        // z = np.array([5.0, 5.1, 4.9, 5.05, 4.95, 9.0, 5.0, 1.0, 5.35]); m = np.median(z)
        // mad = np.median(abs(z - m)); abs(z - m) > 2 * 1.4826 * mad, and 3
        double[] z = {5.0, 5.1, 4.9, 5.05, 4.95, 9.0, 5.0, 1.0, 5.35};
        Statistics statistics = Statistics.of(z);
        assertEquals(0.09999999999999964, statistics.mad(), 0.0);
        assertArrayEquals(
                new boolean[] {false, false, false, false, false, true, false, true, true},
                statistics.outliers(2.0));
        assertArrayEquals(
                new boolean[] {false, false, false, false, false, true, false, true, false},
                statistics.outliers(3.0));
    }

    @Test
    public void withoutSpreadEveryOtherValueIsAnOutlier() {
        Statistics statistics = Statistics.of(new double[] {2, 2, 2, 2.5});
        assertEquals(0.0, statistics.mad(), 0.0);
        assertArrayEquals(new boolean[] {false, false, false, true}, statistics.outliers(100.0));
    }

    @Test
    public void oneValue() {
        Statistics statistics = Statistics.of(new double[] {7.0});
        assertEquals(7.0, statistics.percentile(99), 0.0);
        assertEquals(7.0, statistics.mean(), 0.0);
        assertTrue(Double.isNaN(statistics.sampleStandardDeviation()));
        assertEquals(0.0, statistics.populationStandardDeviation(), 0.0);
        assertArrayEquals(new boolean[] {false}, statistics.outliers(0.0));
    }

    @Test
    public void valuesAreCopied() {
        double[] values = {1, 2, 3};
        Statistics statistics = Statistics.of(values);
        values[2] = 100;
        assertEquals(3.0, statistics.maximum(), 0.0);
        assertArrayEquals(new boolean[] {false, false, false}, statistics.outliers(3.0));
    }

    @Test
    public void badValuesAreRefused() {
        assertRefused("Expected the number of values ", new double[] {});
        assertRefused("Expected values[1] ", new double[] {1, Double.NaN});
        assertRefused("Expected values[0] ", new double[] {Double.POSITIVE_INFINITY});
        for (double percent : new double[] {-0.1, 100.1, Double.NaN}) {
            try {
                Statistics.of(X).percentile(percent);
                fail("not refused: " + percent);
            } catch (IllegalArgumentException error) {
                assertEquals(0, error.getMessage().indexOf("Expected percent "));
            }
        }
    }

    private static void assertRefused(String start, double[] values) {
        try {
            Statistics.of(values);
            fail("not refused");
        } catch (IllegalArgumentException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(start));
        }
    }
}
