"""What an operator sees: log lines, ids of requests, and metrics."""
