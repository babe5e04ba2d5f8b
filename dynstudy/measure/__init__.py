"""What is read off a trained network."""
