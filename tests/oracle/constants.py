"""The contract's fixed numbers, written once more and independently of the implementation (ms unless named)."""

from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60_000

CHAT: Final = "live.chat.v1"
ANCHOR: Final = "live.anchor.v1"
ORDERS: Final = "live.orders.v1"
ROOM: Final = "live.room.v1"
FEEDBACK: Final = "live.feedback.v1"
INPUTS: Final = (CHAT, ANCHOR, ORDERS, ROOM, FEEDBACK)
#: The topics that open a session and keep it alive.
LIVELY: Final = (CHAT, ANCHOR, ROOM)

CLASSIFIED: Final = "live.chat.classified.v1"
FEEDBACK_CLASSIFIED: Final = "live.feedback.classified.v1"
QUESTIONS: Final = "live.questions.v1"
METRICS: Final = "live.metrics.v1"
DEAD_LETTER: Final = "live.dead-letter.v1"

GRACE: Final = 5 * SECOND
FUTURE: Final = 10 * SECOND
TOO_LATE: Final = 15 * MINUTE
DUPLICATE: Final = 15 * MINUTE
PANE: Final = 10 * SECOND

AFTER_ENDED: Final = 60 * SECOND
RESTART: Final = 60 * SECOND
SILENCE: Final = 10 * MINUTE

REJOIN: Final = 30 * SECOND
EXPIRY: Final = 10 * MINUTE
DUE: Final = 75 * SECOND
IN_TIME: Final = 60 * SECOND
PEER_IN_TIME: Final = 60 * SECOND
ASKER_DUE: Final = 300 * SECOND
FOLLOW_ON: Final = 60 * SECOND
REPLY_AGE: Final = 15 * MINUTE

WINDOWS: Final = {"60s": 60 * SECOND, "300s": 300 * SECOND, "900s": 900 * SECOND, "session": None}
WEIGHTS: Final = {"display": 0.157, "promotion": 0.084, "responsiveness": 0.111, "mutuality": 0.128, "haptics": 0.188}
TIME_MIN: Final = 946_684_800_000
TIME_MAX: Final = 4_102_444_800_000
