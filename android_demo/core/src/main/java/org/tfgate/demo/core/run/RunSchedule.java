package org.tfgate.demo.core.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The rounds of a plan, one after the other. A round is a run of each configuration that takes part
 * in it, on one image. java.util.Random and Collections.shuffle are defined to the last number, so
 * a seed gives the same order everywhere.
 */
final class RunSchedule {
    private final RunPlan plan;
    private final Random random;
    private final List<Integer> all = new ArrayList<Integer>();
    private int round = -1;
    private List<Integer> order = Collections.emptyList();

    RunSchedule(RunPlan plan) {
        this.plan = plan;
        random = new Random(plan.seed());
        for (int i = 0; i < plan.configurations().size(); i++) {
            all.add(i);
        }
    }

    /** Goes to the next round; false if there is none. */
    boolean next() {
        boolean sequential = plan.order() == RunOrder.SEQUENTIAL;
        round++;
        if (round == (sequential ? plan.totalRuns() : plan.runs())) {
            return false;
        }
        if (sequential) {
            order = Collections.singletonList(round / plan.runs());
        } else {
            order = new ArrayList<Integer>(all);
            if (plan.order() == RunOrder.SHUFFLED) {
                Collections.shuffle(order, random);
            }
        }
        return true;
    }

    /** The configurations of this round, in their order. */
    List<Integer> configurations() {
        return order;
    }

    /** Those that start with this round: they have to be warm. */
    List<Integer> starting() {
        return round % plan.runs() == 0 ? order : Collections.<Integer>emptyList();
    }

    /** The image of this round. */
    int image() {
        return round % plan.runs() % plan.images();
    }

    /** Whether the device may cool down before this round. */
    boolean isAfterPause() {
        return round > 0 && round % plan.roundsBetweenPauses() == 0;
    }
}
