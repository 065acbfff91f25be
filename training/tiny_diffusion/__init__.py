"""A Stable Diffusion small enough for the repository, trained from scratch on emoji of things that make sounds."""
