"""The tab that shows the models and the cache."""
