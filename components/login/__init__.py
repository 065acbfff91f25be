"""The login of a server with accounts: its page, sessions, API keys, and the gate before everything else."""
