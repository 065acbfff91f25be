"""All analyses that fit the clip, by one button and one endpoint."""
