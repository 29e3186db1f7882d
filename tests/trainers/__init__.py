"""Tests of the training programs, file by file."""
