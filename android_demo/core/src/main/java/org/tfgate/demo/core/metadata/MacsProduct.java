package org.tfgate.demo.core.metadata;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tfgate.demo.core.Checks;

/**
 * Something that runs besides what always does, and how much of it, as decisions say; immutable.
 * Since schema version 3.
 */
final class MacsProduct {
    private final double macs;
    private final List<int[]> factors;
    private final List<int[]> shares;

    /**
     * @param macs multiply-accumulates for one image; negative where something runs instead of
     *     something else.
     * @param factors lists of columns in {@code decisions}: it runs if in each of them any
     *     decision is 1.
     * @param shares lists of columns: of what runs, only the share of ones in each of them does.
     * @param columns number of columns in {@code decisions}.
     * @throws IllegalArgumentException a list is empty, or holds no column.
     */
    MacsProduct(double macs, List<int[]> factors, List<int[]> shares, int columns) {
        this.macs = macs;
        this.factors = checked(factors, columns);
        this.shares = checked(shares, columns);
    }

    /** What runs under these decisions, in the order of operations of Python's. */
    double executed(float[] decisions) {
        double runs = macs;
        for (int[] factor : factors) {
            double highest = decisions[factor[0]];
            for (int column : factor) {
                highest = Math.max(highest, decisions[column]);
            }
            runs *= highest;
        }
        for (int[] share : shares) {
            double sum = 0.0;
            for (int column : share) {
                sum += decisions[column];
            }
            runs *= sum / share.length;
        }
        return runs;
    }

    private static List<int[]> checked(List<int[]> lists, int columns) {
        for (int[] list : lists) {
            Checks.atLeast(1, list.length, "the length of each factor and share of macs.products");
            for (int column : list) {
                Checks.within(0, columns - 1, column, "a column in macs.products");
            }
        }
        return Collections.unmodifiableList(new ArrayList<int[]>(lists));
    }
}
