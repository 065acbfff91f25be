"""The section Notes: a piano roll of the clip that can be edited."""
