"""Shared by all tabs: theme, events, jobs, errors, markup and downloads."""
