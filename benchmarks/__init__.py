"""Speed and statistical efficiency against peers: `python -m benchmarks`."""
