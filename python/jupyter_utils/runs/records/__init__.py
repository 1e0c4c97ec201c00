"""What is recorded of a run beside its values: code, cells, inputs, environment, seeds, machine; one file each."""
