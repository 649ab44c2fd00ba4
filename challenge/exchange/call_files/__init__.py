"""A whole call in one YAML file: what it may say, read with the place of every fault, written back."""
