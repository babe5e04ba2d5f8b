"""Where chunks are trained: an executor is a file of this folder and a line of `EXECUTORS`."""
