"""The topics: names, order and what each is keyed by."""

from typing import Final

CHAT: Final = "live.chat.v1"
ANCHOR: Final = "live.anchor.v1"
ORDERS: Final = "live.orders.v1"
ROOM: Final = "live.room.v1"
FEEDBACK: Final = "live.feedback.v1"

#: Input topics in the order in which events of one position are applied.
INPUTS: Final = (CHAT, ANCHOR, ORDERS, ROOM, FEEDBACK)

CLASSIFIED: Final = "live.chat.classified.v1"
FEEDBACK_CLASSIFIED: Final = "live.feedback.classified.v1"
QUESTIONS: Final = "live.questions.v1"
METRICS: Final = "live.metrics.v1"
ALERTS: Final = "live.alerts.v1"
DEAD_LETTER: Final = "live.dead-letter.v1"

#: Output topics other programs read.
OUTPUTS: Final = (CLASSIFIED, FEEDBACK_CLASSIFIED, QUESTIONS, METRICS, ALERTS, DEAD_LETTER)

#: The worker's own topics: what each step read, and the state of rooms (compacted).
JOURNAL: Final = "live.journal.v1"
SNAPSHOTS: Final = "live.snapshots.v1"
