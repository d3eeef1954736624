"""What the programs say, whatever their client: pictures, tools, and values that a careless hand would change."""

import base64

# One red dot.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
PNG_BYTES = base64.b64decode(PNG)

SCHEMA = {
    "type": "object",
    "properties": {"place": {"type": "string"}, "depth": {"type": "number", "default": 1.0}},
    "required": ["place"],
}

ODD = {
    "text": "naïve \u00e9 e\u0301 中文 🙂👩‍👩‍👧 \u2028\u2029\u0085 \u0000\u0001\u007f \"\\/ </script> &amp; %20 + \r\n\t",
    "": "no name",
    "nothing": None,
    "empty": [{}, [], "", [[]]],
    "one": 1,
    "one point nothing": 1.0,
    "small": [-0.0, 0.1, 1e-7, 5e-324, 0.30000000000000004],
    "large": [1e22, 1.7976931348623157e308, 9007199254740993, 2**63, 2**64, -(2**63) - 1, 10**40],
    "true": "true",
    "True": True,
    "tRUE": 1,
    "true ": "1",
    "\u0442rue": "of another alphabet",
    "constructor": {"__proto__": {"x": [1, "1", 1.0, None]}},
    "z": {"b": 1, "a": 2, "c": {"b": 1, "a": 2}},
}
