"""What understanding says about one text; the part of a classified record that depends on the text alone."""

import msgspec


class Label(msgspec.Struct, frozen=True, gc=False):
    """The label of one text.

    ``kind`` is question/mutuality/feedback/other and ``sub`` ask/request/help/seek/reply/opinion or ``-``;
    ``polarity`` is pos/neg/neu and ``aspect`` content/product/logistics/service or ``-``. ``topic`` is set for
    questions only. ``cue`` is trust/doubt or None and ``cue_target`` anchor/product/viewers or None.
    ``confidence`` is the calibrated probability of ``kind``, rounded to four decimals. ``advice`` is
    recommend/warn (推荐/别买 told in chat) or None.
    """

    kind: str
    sub: str
    polarity: str
    aspect: str
    topic: str | None
    cue: str | None
    cue_target: str | None
    purchase_report: bool
    confidence: float
    advice: str | None
