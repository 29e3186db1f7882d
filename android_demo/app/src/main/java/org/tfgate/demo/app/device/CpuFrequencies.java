package org.tfgate.demo.app.device;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tfgate.demo.core.device.CpuCore;

/**
 * Cores and their frequencies, from the kernel's files. Which of them an app may read differs from
 * phone to phone: what can't be read is not known.
 */
final class CpuFrequencies {
    private static final Pattern CORE = Pattern.compile("cpu([0-9]{1,4})");
    private static final int KILO = 1000;

    private final File folder;
    private final List<Integer> numbers = new ArrayList<Integer>();

    /**
     * @param folder such as /sys/devices/system/cpu.
     * @param fallbackCores how many cores there are if the folder does not tell, at least 1.
     */
    CpuFrequencies(File folder, int fallbackCores) {
        this.folder = folder;
        String[] names = folder.list();
        for (String name : names == null ? new String[0] : names) {
            Matcher matcher = CORE.matcher(name);
            if (matcher.matches()) {
                numbers.add(Integer.valueOf(matcher.group(1)));
            }
        }
        Collections.sort(numbers);
        if (numbers.isEmpty()) {
            for (int number = 0; number < fallbackCores; number++) {
                numbers.add(number);
            }
        }
    }

    /** The cores in the kernel's order. */
    List<CpuCore> cores() {
        List<CpuCore> cores = new ArrayList<CpuCore>();
        for (int number : numbers) {
            Double low = megahertz(number, "cpuinfo_min_freq");
            Double high = megahertz(number, "cpuinfo_max_freq");
            Integer minimum = whole(low);
            Integer maximum = whole(high);
            boolean ordered = minimum == null || maximum == null || minimum <= maximum;
            cores.add(new CpuCore(number, ordered ? minimum : null, maximum));
        }
        return cores;
    }

    /** Frequency of each core now in MHz, in the same order; null where it can't be read. */
    List<Double> current() {
        List<Double> current = new ArrayList<Double>();
        for (int number : numbers) {
            current.add(megahertz(number, "scaling_cur_freq"));
        }
        return current;
    }

    private static Integer whole(Double megahertz) {
        return megahertz == null || megahertz < 1.0 ? null : (int) Math.round(megahertz);
    }

    private Double megahertz(int core, String name) {
        File file = new File(folder, "cpu" + core + "/cpufreq/" + name);
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(
                                new FileInputStream(file), StandardCharsets.US_ASCII))) {
            String line = reader.readLine();
            double kilohertz = line == null ? -1.0 : Long.parseLong(line.trim());
            return kilohertz < 0.0 ? null : kilohertz / KILO;
        } catch (IOException notReadable) {
            return null;
        } catch (NumberFormatException noNumber) {
            return null;
        }
    }
}
