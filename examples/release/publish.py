"""Publishes a version: a line in `published.txt` of the workspace, which begins with the key of the call.

With `--probe` it says whether the call with this key was made. A call comes as one line of JSON.
"""

import json
import os
import sys
from pathlib import Path

version = json.loads(sys.stdin.readline())["version"]
key = os.environ["MAINSPRING_IDEMPOTENCY_KEY"]
ledger = Path(os.environ["MAINSPRING_WORKSPACE"], "published.txt")
page = f"https://example.org/releases/{version}"

if "--probe" in sys.argv:
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    was_made = any(line.startswith(key) for line in lines)
    print(json.dumps({"state": "done", "result": page} if was_made else {"state": "not_done"}))
else:
    with ledger.open("a") as file:
        file.write(f"{key} {version}\n")
    print(page)
