package org.tfgate.demo.core;

import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.io.DataInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.Test;

/** What the compiled classes may not hold, for Android's tools and oldest systems take no more. */
public final class ClassFilesTest {
    private static final int JAVA_8 = 52;

    // Android itself, dependencies, and what Android has only since API level 26, or in part.
    private static final String[] FORBIDDEN = {
        "android/", "androidx/", "org/json/", "org/tensorflow/", "java/util/function/",
        "java/util/stream/", "java/time/", "java/nio/file/", "java/util/Base64", "java/awt/",
        "javax/"
    };

    @Test
    public void classesAreOfJava8WithoutLambdas() throws Exception {
        List<File> classes = new ArrayList<File>();
        collect(new File(System.getProperty("tfgate.classes")), classes);
        assertTrue("only " + classes.size() + " classes", classes.size() > 40);
        for (File file : classes) {
            try (DataInputStream input = new DataInputStream(new FileInputStream(file))) {
                check(file.getName(), input);
            }
        }
    }

    private static void check(String name, DataInputStream input) throws IOException {
        input.readInt();
        input.readUnsignedShort();
        assertTrue(name, input.readUnsignedShort() <= JAVA_8);
        int constants = input.readUnsignedShort();
        for (int i = 1; i < constants; i++) {
            int tag = input.readUnsignedByte();
            switch (tag) {
                case 1: // Utf8
                    checkText(name, input.readUTF());
                    break;
                case 7: // Class
                case 8: // String
                    input.readUnsignedShort();
                    break;
                case 3: // Integer
                case 4: // Float
                case 9: // Fieldref
                case 10: // Methodref
                case 11: // InterfaceMethodref
                case 12: // NameAndType
                    input.readInt();
                    break;
                case 5: // Long
                case 6: // Double
                    input.readLong();
                    i++; // They take two places.
                    break;
                default:
                    // 15, 16, 17 and 18 are what lambdas and method references are made of.
                    fail(name + " has a constant of kind " + tag);
            }
        }
    }

    private static void checkText(String name, String text) {
        for (String forbidden : FORBIDDEN) {
            boolean isName = text.startsWith(forbidden) || text.contains("L" + forbidden);
            if (isName) {
                fail(name + " refers to " + text);
            }
        }
    }

    private static void collect(File folder, List<File> classes) {
        for (File file : folder.listFiles()) {
            if (file.isDirectory()) {
                collect(file, classes);
            } else if (file.getName().endsWith(".class")) {
                classes.add(file);
            }
        }
    }
}
