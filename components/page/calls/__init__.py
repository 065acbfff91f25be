"""What API and MCP callers get beside the result of their call: progress, and brief results."""
