"""Health check of a container: `python deploy/check_health.py` ends with 0 if the app on GRADIO_SERVER_PORT is well."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 4.0


def main() -> None:
    """Ask the app, and end with 1 and its answer, or what the connection ended with, if it is not well."""
    address = f"http://127.0.0.1:{os.environ.get('GRADIO_SERVER_PORT', '7860')}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
            print(answer.read().decode())
    except urllib.error.HTTPError as error:
        sys.exit(error.read().decode())
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
