"""Jobs that outlive the loading of their page, and what is kept of them."""
