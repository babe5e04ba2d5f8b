"""What is taken away, confirmed and reproduced."""
