"""A package for tests: one JSON argument in, one JSON object out."""

import json
import sys

call = json.loads(sys.argv[1])
print("called", call["method"], file=sys.stderr)
if call["method"] == "fail":
    sys.exit("no luck today")
print(json.dumps({"result": call["parameters"]["a"] + call["parameters"]["b"]}))
