"""Who may use the server: accounts with passwords and API keys, and what each may do."""
