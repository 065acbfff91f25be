"""The one loop of all trainings: options from YAML, steps, checkpoints, evaluation, logs, export."""
