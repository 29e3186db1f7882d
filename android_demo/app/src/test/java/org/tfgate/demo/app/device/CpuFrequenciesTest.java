package org.tfgate.demo.app.device;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.tfgate.demo.core.device.CpuCore;

public final class CpuFrequenciesTest {
    @Rule public final TemporaryFolder folder = new TemporaryFolder();

    @Test
    public void readsTheKernelsFilesInTheOrderOfTheirNumbers() throws Exception {
        put("cpu10/cpufreq/cpuinfo_max_freq", "2800000\n");
        put("cpu2/cpufreq/cpuinfo_min_freq", "300000\n");
        put("cpu2/cpufreq/cpuinfo_max_freq", "1804800\n");
        put("cpu2/cpufreq/scaling_cur_freq", "1497600\n");
        put("cpufreq/policy0", "");
        put("cpuidle", "");
        CpuFrequencies frequencies = new CpuFrequencies(folder.getRoot(), 4);
        List<CpuCore> cores = frequencies.cores();
        assertEquals(2, cores.size());
        assertEquals(2, cores.get(0).number());
        assertEquals(Integer.valueOf(300), cores.get(0).minimumMhz());
        assertEquals(Integer.valueOf(1805), cores.get(0).maximumMhz());
        assertEquals(10, cores.get(1).number());
        assertNull(cores.get(1).minimumMhz());
        assertEquals(Integer.valueOf(2800), cores.get(1).maximumMhz());
        assertEquals(Arrays.asList(1497.6, null), frequencies.current());
    }

    @Test
    public void whatMakesNoSenseIsNotKnown() throws Exception {
        String[] nonsense = {"", "<unknown>", "-1", "0x10", "99999999999999999999"};
        for (int i = 0; i < nonsense.length; i++) {
            put("cpu" + i + "/cpufreq/cpuinfo_max_freq", nonsense[i]);
            put("cpu" + i + "/cpufreq/scaling_cur_freq", nonsense[i]);
        }
        put("cpu5/cpufreq/cpuinfo_min_freq", "2000000");
        put("cpu5/cpufreq/cpuinfo_max_freq", "1000000");
        put("cpu6/cpufreq/cpuinfo_max_freq", "0");
        CpuFrequencies frequencies = new CpuFrequencies(folder.getRoot(), 1);
        for (int i = 0; i < nonsense.length; i++) {
            assertNull(nonsense[i], frequencies.cores().get(i).maximumMhz());
            assertNull(nonsense[i], frequencies.current().get(i));
        }
        assertNull(frequencies.cores().get(5).minimumMhz());
        assertEquals(Integer.valueOf(1000), frequencies.cores().get(5).maximumMhz());
        assertNull(frequencies.cores().get(6).maximumMhz());
    }

    @Test
    public void withoutTheFolderThereAreCoresAllTheSame() {
        CpuFrequencies frequencies =
                new CpuFrequencies(new File(folder.getRoot(), "missing"), 3);
        assertEquals(3, frequencies.cores().size());
        assertEquals(2, frequencies.cores().get(2).number());
        assertNull(frequencies.cores().get(0).maximumMhz());
        assertEquals(Arrays.asList(null, null, null), frequencies.current());
    }

    private void put(String path, String content) throws IOException {
        File file = new File(folder.getRoot(), path);
        assertTrue(file.getParentFile().isDirectory() || file.getParentFile().mkdirs());
        Files.write(file.toPath(), content.getBytes(StandardCharsets.US_ASCII));
    }
}
