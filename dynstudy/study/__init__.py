"""What a study asks for: its file, its axes, its kinds, its cells."""
