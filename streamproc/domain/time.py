"""The lengths of time that the rules are made of. All in ms of event time."""

from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND

#: The watermark stays this far behind the highest clock.
GRACE: Final = 5 * SECOND
#: A position further than this ahead of the record's own timestamp is `future`.
AHEAD: Final = 10 * SECOND
#: Later than this is `too_late`, except orders and feedback.
LATENESS: Final = 15 * MINUTE
#: The same event_id closer than this to the first one is a duplicate.
DUPLICATE: Final = 15 * MINUTE

#: Metrics are made at multiples of this.
PANE: Final = 10 * SECOND

#: The rolling windows, by name, in panes.
WINDOWS: Final = {"60s": 6, "300s": 30, "900s": 90}
PANES: Final = tuple(WINDOWS.values())
LONGEST: Final = PANES[-1]
SESSION: Final = "session"

#: A session ends by itself this long after its last chat, anchor or room event.
SILENCE: Final = 10 * MINUTE
#: After `ended`, only `started` opens a session sooner than this.
REST: Final = MINUTE
#: A `started` this soon after another event opened the session is no restart.
LATE_START: Final = MINUTE

#: A cluster is due this long after its first ask: the SLA, and time for speech to be finished and known.
SLA: Final = MINUTE
DUE: Final = SLA + 15 * SECOND
#: Responsiveness falls by e for each of these of latency.
PATIENCE: Final = 30 * SECOND
#: An open cluster that nobody asks again expires.
EXPIRY: Final = 10 * MINUTE
#: An answered cluster still takes the same question for this long.
REJOIN: Final = 30 * SECOND
#: An asker is judged this long after the first question.
ASKER: Final = 300 * SECOND
#: An order this soon after another user's purchase report follows it.
FOLLOW_ON: Final = MINUTE
#: A reply counts as one to messages at most this old.
REPLY_AGE: Final = 15 * MINUTE
