"""java_library and java_test, as far as this project uses them."""

JarsInfo = provider(
    doc = "What a library brings.",
    fields = {"jars": "depset of jars, what they need included"},
)

def _jars(targets):
    return depset(transitive = [target[JarsInfo].jars for target in targets])

def _library_impl(ctx):
    jar = ctx.actions.declare_file("lib%s.jar" % ctx.label.name)
    classpath = _jars(ctx.attr.deps)

    # Bazel's rule leaves out what precedes the packages, too.
    copies = [
        "install -D %s $classes/%s" % (file.path, file.path.partition("/resources/")[2])
        for file in ctx.files.resources
    ]
    ctx.actions.run_shell(
        outputs = [jar],
        inputs = depset(
            ctx.files.srcs + ctx.files.resources,
            transitive = [classpath],
        ),
        command = "\n".join([
            "set -eu",
            "classes=%s.classes" % jar.path,
            "mkdir -p $classes",
            "javac -d $classes -nowarn -encoding UTF-8 {options} -cp '{classpath}' {sources}".format(
                options = " ".join(ctx.attr.javacopts),
                classpath = ":".join([each.path for each in classpath.to_list()]),
                sources = " ".join([file.path for file in ctx.files.srcs]),
            ),
        ] + copies + ["jar cf %s -C $classes ." % jar.path]),
        mnemonic = "Javac",
        use_default_shell_env = True,
    )
    return [
        DefaultInfo(files = depset([jar])),
        JarsInfo(jars = depset([jar], transitive = [classpath])),
    ]

jdk_library = rule(
    implementation = _library_impl,
    attrs = {
        "deps": attr.label_list(providers = [JarsInfo]),
        "javacopts": attr.string_list(),
        "resources": attr.label_list(allow_files = True),
        "srcs": attr.label_list(allow_files = [".java"]),
    },
)

def _test_impl(ctx):
    jars = _jars(ctx.attr.runtime_deps)
    flags = [ctx.expand_location(flag, ctx.attr.data) for flag in ctx.attr.jvm_flags]
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        output = script,
        content = "#!/bin/sh\nexec java -Dfile.encoding=UTF-8 -cp '{classpath}' {flags} {main} \"$@\"\n".format(
            classpath = ":".join([jar.short_path for jar in jars.to_list()]),
            flags = " ".join(["'%s'" % flag for flag in flags]),
            main = ctx.attr.main_class,
        ),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(ctx.files.data, transitive_files = jars),
    )]

jdk_test = rule(
    implementation = _test_impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "jvm_flags": attr.string_list(),
        "main_class": attr.string(mandatory = True),
        "runtime_deps": attr.label_list(providers = [JarsInfo]),
    },
    test = True,
)

def _jar_impl(ctx):
    return [
        DefaultInfo(files = depset(ctx.files.jars)),
        JarsInfo(jars = depset(ctx.files.jars)),
    ]

jars = rule(
    implementation = _jar_impl,
    attrs = {"jars": attr.label_list(allow_files = [".jar"])},
)
