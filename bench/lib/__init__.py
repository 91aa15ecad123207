"""What the benchmark programs share: servers, load, statistics, reports."""
