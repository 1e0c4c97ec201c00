"""What a run gave, held against what another gave: nothing of either is executed for it."""
