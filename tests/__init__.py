"""Tests. Being a package keeps files of one name in two folders apart."""
