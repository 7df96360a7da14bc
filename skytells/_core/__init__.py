"""What a client does, without I/O: operations, their attempts, settings, and the drivers."""
