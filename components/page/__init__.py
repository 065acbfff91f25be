"""What every tab shares: theme, events, jobs, errors, markup and downloads."""
