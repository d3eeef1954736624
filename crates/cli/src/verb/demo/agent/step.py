"""One step of the demo's agent.

It reads {"input", "previous"} from standard input, notes in the ledger that it begins, works for a moment, notes that
it is done, and answers with JSON on standard output. What it says meanwhile goes to standard error.
"""

import json
import os
import sys
import time

WORK_SECONDS = 1.2


def gather(_):
    return {"Amazon": 6400, "Nile": 6650, "Yangtze": 6300}, "found the lengths of 3 rivers"


def compare(rivers):
    second, first = sorted(rivers, key=rivers.get)[-2:]
    lead = rivers[first] - rivers[second]
    return {"first": first, "second": second, "lead": lead}, f"{first} leads by {lead} km"


def draft(found):
    text = "The {first} is the longest river, {lead} km ahead of the {second}.".format(**found)
    return {"text": text}, f"wrote {len(text.split())} words"


def review(page):
    assert page["text"].endswith("."), "a sentence ends with a full stop"
    return {**page, "approved": True}, "nothing to mend"


def publish(page):
    assert page["approved"], "only what was reviewed is published"
    return page["text"], page["text"]


def note(ledger, line):
    with open(ledger, "a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def main():
    name = sys.argv[1]
    call = json.load(sys.stdin)
    ledger = call["input"]["ledger"]
    note(ledger, f"{name} begun")
    answer, remark = globals()[name](call["previous"])
    print(remark, file=sys.stderr, flush=True)
    time.sleep(WORK_SECONDS)
    note(ledger, f"{name} done")
    print(json.dumps(answer))


main()
