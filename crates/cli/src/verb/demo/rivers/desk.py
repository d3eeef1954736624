"""The steps before and after the agent: plain programs, without a model.

Each reads {"input", "previous"} from standard input, notes in the ledger when it begins and when it is done, and answers
on standard output. What it says meanwhile goes to standard error.
"""

import json
import os
import sys
import time

WORK_SECONDS = 1.0


def gather(_):
    return ["Amazon", "Nile"], "2 rivers to compare"


def publish(answer):
    assert answer.endswith("."), "a sentence ends with a full stop"
    return answer, f"{len(answer.split())} words to publish"


def note(line):
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(line + "\n")
        ledger.flush()
        os.fsync(ledger.fileno())


def main():
    name = sys.argv[1]
    previous = json.load(sys.stdin)["previous"]
    note(f"{name} begun")
    answer, remark = globals()[name](previous)
    print(remark, file=sys.stderr, flush=True)
    time.sleep(WORK_SECONDS)
    note(f"{name} done")
    print(json.dumps(answer))


main()
