package org.tfgate.demo.core.metadata;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import org.junit.Test;

public final class GateDecisionTest {
    @Test
    public void eachGateHasItsOwnComponents() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("filters.tflite");
        List<GateDecision> decisions =
                GateDecision.of(metadata, new float[] {1, 0, 1, 0, 0, 1});
        assertEquals(2, decisions.size());
        assertEquals("block2", decisions.get(1).gate().block());
        assertArrayEquals(new float[] {1, 0, 1}, decisions.get(0).decisions(), 0.0f);
        assertArrayEquals(new float[] {0, 0, 1}, decisions.get(1).decisions(), 0.0f);
        assertEquals(2, decisions.get(0).open());
        assertEquals(1.0 / 3.0, decisions.get(1).share(), 1e-15);
    }

    @Test
    public void whatIsDecidedInTheFileIsToldToo() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("decided.tflite");
        List<GateDecision> decisions = GateDecision.of(metadata, new float[] {0});
        int open = 0;
        for (GateDecision decision : decisions) {
            open += decision.open();
        }
        assertEquals(1, open);
    }

    @Test
    public void behindAClosedExitNothingRuns() throws Exception {
        ModelMetadata metadata = MetadataFiles.read("early_exit.tflite");
        for (GateDecision decision : GateDecision.of(metadata, new float[] {0, 1, 1, 1})) {
            assertEquals(decision.gate().name(), 0, decision.open());
        }
    }

    @Test
    public void noGatesAreNotUnknownOnes() throws Exception {
        assertTrue(GateDecision.of(MetadataFiles.read("dense.tflite"), null).isEmpty());
        ModelMetadata gated = MetadataFiles.read("filters.tflite");
        assertNull(GateDecision.of(gated, null));
        try {
            GateDecision.of(gated, new float[] {1});
            fail("not refused");
        } catch (IllegalArgumentException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith("Expected decisions "));
        }
    }
}
