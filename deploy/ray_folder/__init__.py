"""A folder of many clips through Ray Data: `python -m deploy.ray_folder FOLDER --task TASK --output FOLDER`."""
