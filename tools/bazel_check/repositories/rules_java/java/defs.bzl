"""Java by the machine's own javac, jar and java.

Bazel's rules for Java compile with a program that Debian's package lacks and that Bazel
would download. Its own packages still get those rules: they declare toolchains.
"""

load(":rules.bzl", "jdk_library", "jdk_test")

java_binary = native.java_binary
java_import = native.java_import
java_runtime = native.java_runtime
java_toolchain = native.java_toolchain

def java_library(**kwargs):
    """A library; in Bazel's own packages the built-in rule."""
    if native.repository_name() == "@bazel_tools":
        native.java_library(**kwargs)  # buildifier: disable=native-java-library
    else:
        jdk_library(**kwargs)

def java_test(use_testrunner = True, **kwargs):
    """A test with a main class of its own."""
    if use_testrunner:
        fail("Expected use_testrunner = False: Bazel's own is not at hand here")
    jdk_test(**kwargs)
