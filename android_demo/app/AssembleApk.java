import java.io.BufferedOutputStream;
import java.io.File;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.LocalDateTime;
import java.util.Enumeration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Puts an APK together that is yet to be signed. Nothing is compressed, and all is sorted and of
 * one date: the same contents give the same bytes, whatever machine and zlib. Native libraries
 * begin at multiples of 16 KiB, so that they can be mapped as they are.
 *
 * <pre>java AssembleApk.java OUTPUT LINKED_APK CLASSES_DEX ASSETS... JAR...</pre>
 *
 * <p>ASSETS are folders. Of a JAR are taken what lies in its lib/ and assets/.
 */
final class AssembleApk {
    // With ZIP's first month, Java would add an extra field of its own.
    private static final LocalDateTime DATE = LocalDateTime.of(1980, 2, 1, 0, 0);
    private static final int LOCAL_HEADER = 30;

    // Of the extra field in which apksigner looks up the alignment that it has to keep.
    private static final short ALIGNMENT_ID = (short) 0xd935;
    private static final int ALIGNMENT_HEADER = 6;
    private static final int LIBRARY_ALIGNMENT = 16384;
    private static final int ALIGNMENT = 4;

    private final Map<String, byte[]> entries = new TreeMap<>();

    private AssembleApk() {}

    public static void main(String[] arguments) throws IOException {
        AssembleApk apk = new AssembleApk();
        apk.addAll(arguments[1], "");
        apk.add("classes.dex", Files.readAllBytes(Paths.get(arguments[2])));
        for (int i = 3; i < arguments.length; i++) {
            if (Files.isDirectory(Paths.get(arguments[i]))) {
                apk.addFolder(Paths.get(arguments[i]));
            } else {
                apk.addAll(arguments[i], "lib/");
                apk.addAll(arguments[i], "assets/");
            }
        }
        apk.write(new File(arguments[0]));
    }

    private void add(String name, byte[] content) {
        if (entries.put(name, content) != null) {
            throw new IllegalStateException("two files want to be " + name);
        }
    }

    private void addAll(String archive, String prefix) throws IOException {
        try (ZipFile zip = new ZipFile(archive)) {
            Enumeration<? extends ZipEntry> members = zip.entries();
            while (members.hasMoreElements()) {
                ZipEntry member = members.nextElement();
                if (!member.isDirectory() && member.getName().startsWith(prefix)) {
                    add(member.getName(), zip.getInputStream(member).readAllBytes());
                }
            }
        }
    }

    private void addFolder(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).collect(Collectors.toList())) {
                String name = folder.relativize(file).toString().replace(File.separatorChar, '/');
                add("assets/" + name, Files.readAllBytes(file));
            }
        }
    }

    private void write(File output) throws IOException {
        try (Counter counter =
                        new Counter(new BufferedOutputStream(Files.newOutputStream(output.toPath())));
                ZipOutputStream zip = new ZipOutputStream(counter)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                write(zip, counter.written, entry.getKey(), entry.getValue());
            }
        }
    }

    private static void write(ZipOutputStream zip, long offset, String name, byte[] content)
            throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(DATE);
        int alignment = name.endsWith(".so") ? LIBRARY_ALIGNMENT : ALIGNMENT;
        int header = LOCAL_HEADER + name.getBytes(StandardCharsets.UTF_8).length;
        entry.setExtra(padding(offset + header + ALIGNMENT_HEADER, alignment));
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /** An extra field as long as content at the given offset needs to move to a multiple. */
    private static byte[] padding(long offset, int alignment) {
        int zeros = (int) (-offset & (alignment - 1));
        ByteBuffer field =
                ByteBuffer.allocate(ALIGNMENT_HEADER + zeros).order(ByteOrder.LITTLE_ENDIAN);
        field.putShort(ALIGNMENT_ID).putShort((short) (2 + zeros)).putShort((short) alignment);
        return field.array();
    }

    /** Knows how much has been written. */
    private static final class Counter extends FilterOutputStream {
        private long written;

        Counter(OutputStream target) {
            super(target);
        }

        @Override
        public void write(int value) throws IOException {
            out.write(value);
            written++;
        }

        @Override
        public void write(byte[] values, int start, int length) throws IOException {
            out.write(values, start, length);
            written += length;
        }
    }
}
