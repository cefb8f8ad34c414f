"""What a wish to call may hold: held by the gate, and said where our API is described."""

import re

# Minutes are what people set; the shortest and the longest there are, in ms.
MAX_DURATION_MS = (60_000, 7_200_000)
SIP_NAME = re.compile(r"[Xx]-[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# The name and the value of a SIP header together.
LONGEST_HEADER = 1000
VARIABLE_NAME = re.compile(r"[A-Za-z_][\w.-]*")
# What custom telephony may be given to dial where nobody checks it.
UNCHECKED_NUMBER = re.compile(r"[+*#\w.@:-]{1,40}")
