"""What strangers may send: damaged files, wrong values and broken requests, to every endpoint.

`make hostile` sends 500 and more to each; the suite sends a few, the same at every run.
"""
