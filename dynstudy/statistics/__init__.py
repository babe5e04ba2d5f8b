"""What replicates say of a cell."""
