package org.tfgate.demo.core.run;

/** In which order configurations take their turns. */
public enum RunOrder {
    /** All runs of a configuration, then those of the next: as a demo shows them. */
    SEQUENTIAL,
    /** Every round runs each configuration once, on the same image, in the order of the plan. */
    ALTERNATING,
    /**
     * Every round runs each configuration once, on the same image, in an order of its own: none
     * profits from what another left in the caches, and a disturbance meets all alike.
     */
    SHUFFLED
}
