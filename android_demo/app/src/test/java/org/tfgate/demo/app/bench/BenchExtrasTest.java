package org.tfgate.demo.app.bench;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.junit.Test;

public final class BenchExtrasTest {
    private final Map<String, Object> extras = new HashMap<String, Object>();

    @Test
    public void readsAllOfACommand() throws Exception {
        put("models", "a.tflite,asset:b.tflite");
        put("runs", 7);
        put("warmup", 0);
        put("threads", "1,2");
        put("tau", "0.5,0.7");
        put("u", "1e-1");
        put("xnnpack", "false");
        put("seed", 3);
        put("result", "run_1");
        BenchCommand command = read();
        assertEquals(Arrays.asList("a.tflite", "asset:b.tflite"), command.models());
        assertEquals(7, command.runs());
        assertEquals(0, command.warmup());
        assertEquals(Arrays.asList(1, 2), command.threads());
        assertEquals(Arrays.asList(0.5, 0.7), command.taus());
        assertEquals(Arrays.asList(0.1), command.us());
        assertFalse(command.xnnpack());
        assertEquals(3, command.seed());
        assertEquals("run_1", command.resultName());
    }

    @Test
    public void allButTheModelsMayBeMissing() throws Exception {
        put("models", "a.tflite");
        BenchCommand command = read();
        assertEquals(100, command.runs());
        assertEquals(10, command.warmup());
        assertEquals(Collections.singletonList(1), command.threads());
        assertTrue(command.taus().isEmpty());
        assertTrue(command.us().isEmpty());
        assertTrue(command.xnnpack());
        assertEquals(0, command.seed());
        assertEquals("default", command.resultName());
        assertRefused("Expected --es models NAME.tflite,..., got none.", "models", null);
    }

    @Test
    public void whatIsThereTwiceCountsOnce() throws Exception {
        put("models", "a.tflite,b.tflite,a.tflite");
        put("threads", "2,1,2");
        put("tau", "0.5,0.50");
        assertEquals(Arrays.asList("a.tflite", "b.tflite"), read().models());
        assertEquals(Arrays.asList(2, 1), read().threads());
        assertEquals(Arrays.asList(0.5), read().taus());
    }

    @Test
    public void unknownExtrasAreRefused() {
        assertRefused(
                "Expected extras named [models, runs, warmup, threads, tau, u, xnnpack, seed, "
                        + "result], got run.",
                "run", 1);
    }

    @Test
    public void otherTypesAreRefused() {
        assertRefused("Expected runs to be a whole number (--ei), got '7'.", "runs", "7");
        assertRefused("Expected runs to be a whole number (--ei), got '7' (long).", "runs", 7L);
        assertRefused("Expected models to be a text (--es), got '1' (integer).", "models", 1);
        assertRefused("Expected xnnpack to be a text (--es), got 'true' (boo", "xnnpack", true);
        assertRefused("Expected xnnpack to be true or false, got 'yes'.", "xnnpack", "yes");
        assertRefused("Expected threads to be a text (--es), got '1' (integer).", "threads", 1);
    }

    @Test
    public void valuesOutOfTheirRangeAreRefused() {
        assertRefused("Expected runs to be a whole number >= 1, got 0.", "runs", 0);
        assertRefused("Expected warmup to be a whole number >= 0, got -1.", "warmup", -1);
        assertRefused("Expected threads to be a whole number >= 1, got 0.", "threads", "1,0");
        assertRefused("Expected tau to be a number >= 0.0 and <= 1.0, got 1.5", "tau", "0.5,1.5");
        assertRefused("Expected u to be a number >= 0.0 and <= 1.0, got 2.0", "u", "2");
        assertRefused("Expected result to be a name of letters", "result", "a/b");
        assertRefused("Expected result to be a name of letters", "result", ".hidden");
        assertRefused("Expected result to be a name of letters", "result", "");
    }

    @Test
    public void listsHoldNothingElse() {
        for (String list : new String[] {"", ",", "a.tflite,", ",a.tflite", "a.tflite,,b"}) {
            assertRefused("Expected models to be words with a comma between", "models", list);
        }
        for (String list : new String[] {"0.5f", "NaN", "0x1", " 0.5", "-0.5", "1e", ".5"}) {
            assertRefused("Expected tau to be numbers with a comma between", "tau", list);
        }
        for (String list : new String[] {"1.0", "+1", "99999999999", "one"}) {
            assertRefused(
                    "Expected threads to be whole numbers with a comma between", "threads", list);
        }
    }

    @Test
    public void failuresHaveANameToo() {
        assertEquals("default", BenchExtras.resultName(extras, "default"));
        put("result", "mine");
        assertEquals("mine", BenchExtras.resultName(extras, "default"));
        for (Object wrong : new Object[] {"two words", "a\nb", 1, ""}) {
            put("result", wrong);
            assertEquals("unnamed", BenchExtras.resultName(extras, "default"));
        }
        put("result", null);
        assertEquals("unnamed", BenchExtras.resultName(extras, "default"));
    }

    private void put(String name, Object value) {
        extras.put(name, value);
    }

    private BenchCommand read() throws BenchException {
        return BenchExtras.read(extras, "default");
    }

    private void assertRefused(String message, String name, Object value) {
        extras.clear();
        put("models", "a.tflite");
        put(name, value);
        if (value == null) {
            extras.remove(name);
        }
        try {
            read();
            fail("not refused: " + message);
        } catch (BenchException error) {
            assertTrue(error.getMessage(), error.getMessage().startsWith(message));
            assertFalse(error.getMessage(), error.getMessage().contains("\n"));
        }
    }
}
