"""Benchmarks: `make bench`, explained in docs/bench.md."""
