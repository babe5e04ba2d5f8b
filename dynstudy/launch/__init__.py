"""What is missing, trained and recorded."""
