"""The one cache that lends models: leases, residents, memory and shared features."""
