"""What is said on the simulated voice platform, one module for each play."""
