"""Picture files of strangers: a worker process decodes them, and hands over texts and pixels."""
