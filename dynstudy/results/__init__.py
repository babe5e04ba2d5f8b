"""What studies found, read from Python: tables, arrays and figures."""
