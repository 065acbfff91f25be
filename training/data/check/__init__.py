"""The data check: names every trap of a data set before the first step."""
