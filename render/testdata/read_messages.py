"""Reads messages with Python's email package, for mime_test.go.

One JSON object a line on standard input: {"raw": base64}. One a line on standard output: the headers, the mailboxes, the two
bodies, and every defect the parser found anywhere.
"""
import base64
import json
import sys
from email import message_from_bytes, policy


def mailbox(header):
    if header is None:
        return None
    return [[a.display_name, a.addr_spec] for a in header.addresses]


def read(raw):
    message = message_from_bytes(raw, policy=policy.default)
    defects = []
    for part in message.walk():
        defects += [type(d).__name__ for d in part.defects]
        for name, value in part.items():
            defects += [name + ": " + type(d).__name__ for d in getattr(value, "defects", ())]
    bodies = {part.get_content_type(): part.get_content() for part in message.iter_parts()}
    date = message["date"]
    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "from": mailbox(message["from"]),
        "to": mailbox(message["to"]),
        "date": date.datetime.timestamp() if date else 0,
        "text": bodies.get("text/plain"),
        "html": bodies.get("text/html"),
        "defects": defects,
    }


for line in sys.stdin:
    print(json.dumps(read(base64.b64decode(json.loads(line)["raw"]))))
