"""What the training programs share: flags, data, the run, its results."""
