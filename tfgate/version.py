"""The one version string of the project."""

__version__ = "0.1.0.dev0"
