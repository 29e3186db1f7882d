"""The Bazel build, written and checked: see README.md beside this file."""
