"""Settings that the numbers depend on: the index's weights, when alerts fire, what is kept for one room."""

from pydantic import Field
from pydantic_settings import BaseSettings

from streamproc.domain.rules import WEIGHTS, Bounds, Rules, Thresholds

_T = Thresholds()
_B = Bounds()


class WeightSettings(BaseSettings):
    """Weights of the interaction index's components; any scale, they are divided by their sum."""

    weight_display: float = Field(WEIGHTS["display"], ge=0, le=1e6, description="Weight of a product on show.")
    weight_promotion: float = Field(WEIGHTS["promotion"], ge=0, le=1e6, description="Weight of a promotion running.")
    weight_responsiveness: float = Field(
        WEIGHTS["responsiveness"], ge=0, le=1e6, description="Weight of how soon questions are answered."
    )
    weight_mutuality: float = Field(
        WEIGHTS["mutuality"], ge=0, le=1e6, description="Weight of viewers helping each other."
    )
    weight_haptics: float = Field(WEIGHTS["haptics"], ge=0, le=1e6, description="Weight of requests shown on camera.")


class AlertSettings(BaseSettings):
    """When alerts fire; docs/runbooks says what each is for."""

    alert_spike_floor: int = Field(
        _T.spike_floor, ge=1, description="unanswered_spike: fewer waiting askers than this are no spike in any room."
    )
    alert_spike_factor: float = Field(
        _T.spike_factor, ge=1, description="unanswered_spike: times the room's own level of waiting askers."
    )
    alert_spike_deviations: float = Field(
        _T.spike_deviations,
        ge=0,
        description="unanswered_spike: robust standard deviations above the room's own level.",
    )
    alert_spike_warmup: int = Field(
        _T.spike_warmup, ge=1, description="unanswered_spike: panes (10 s) before the room's level is trusted."
    )
    alert_spike_memory: int = Field(
        _T.spike_memory,
        ge=1,
        le=10_000,
        description="unanswered_spike: panes (10 s) that the room's level is the median of.",
    )
    alert_oldest_ms: int = Field(_T.oldest_ms, ge=1, description="oldest_question: ms that a question has waited.")
    alert_oldest_askers: int = Field(_T.oldest_askers, ge=1, description="oldest_question: users who wait, at least.")
    alert_oldest_sla: float = Field(
        _T.oldest_sla,
        ge=0,
        le=1,
        description="oldest_question: fires only where a smaller share of 300 s' due questions was answered in time.",
    )
    alert_overload: float = Field(
        _T.overload, ge=0, description="overload: questions asked for one answered, above this."
    )
    alert_overload_asked: int = Field(
        _T.overload_asked, ge=1, description="overload: questions asked in 60 s, at least."
    )
    alert_overload_warmup_ms: int = Field(
        _T.overload_warmup_ms, ge=0, description="overload: ms of a session before it may fire."
    )
    alert_surge_count: int = Field(
        _T.surge_count, ge=1, description="negative_surge: negative texts in 60 s, at least."
    )
    alert_surge_floor: float = Field(
        _T.surge_floor, ge=0, le=1, description="negative_surge: share of texts that are negative, at least."
    )
    alert_surge_factor: float = Field(
        _T.surge_factor, ge=1, description="negative_surge: times the session's own rate."
    )
    alert_surge_prior: int = Field(
        _T.surge_prior, ge=0, description="negative_surge: texts that a young session's rate is steadied with."
    )
    alert_drop_expected: float = Field(
        _T.drop_expected, ge=0, description="conversion_drop: orders expected in 300 s, at least."
    )
    alert_drop_share: float = Field(
        _T.drop_share, ge=0, le=1, description="conversion_drop: orders as a share of those expected, at most."
    )
    alert_silence_ms: int = Field(_T.silence_ms, ge=1, description="silence: ms without an event in the room.")
    alert_silence_rate: float = Field(
        _T.silence_rate, ge=0, description="silence: messages a second that the room had before, at least."
    )
    runbooks: str = Field(
        "docs/runbooks", min_length=1, description="Folder or URL in which alerts' runbooks are found."
    )


class BoundSettings(BaseSettings):
    """Most that is kept for one room; what goes beyond is evicted, oldest first, and counted."""

    bound_open_clusters: int = Field(_B.open_clusters, ge=1, description="Open questions.")
    bound_past_clusters: int = Field(
        _B.past_clusters,
        ge=1,
        description="Questions answered or expired: whole for 6.5 min, and as a line each later.",
    )
    bound_cluster_texts: int = Field(_B.cluster_texts, ge=1, description="Different texts of one question.")
    bound_users: int = Field(_B.users, ge=1, description="Users.")
    bound_orders: int = Field(_B.orders, ge=1, description="Orders.")
    bound_messages: int = Field(_B.messages, ge=1, description="Messages that a reply may refer to.")
    bound_cluster_asks: int = Field(
        _B.cluster_asks, ge=1, description="Asks of an open question that reply_to is recognised for."
    )
    bound_asker_clusters: int = Field(
        _B.asker_clusters, ge=1, description="Different questions of one user in the 300 s until they are judged."
    )
    bound_ids: int = Field(_B.ids, ge=1, description="Event ids remembered to recognise duplicates.")
    bound_latencies: int = Field(
        _B.latencies, ge=2, description="Answer latencies kept for the session's percentiles; beyond, thinned."
    )
    bound_products: int = Field(_B.products, ge=1, description="Products shown, and promotions running, at once.")
    bound_pairs: int = Field(_B.pairs, ge=1, description="Pairs of users who replied to one another.")


class RuleSettings(BoundSettings, AlertSettings, WeightSettings):
    """All settings that the numbers depend on."""

    def rules(self) -> Rules:
        """Return these settings as the core wants them."""
        return Rules(
            runbooks=self.runbooks,
            weights={name: getattr(self, f"weight_{name}") for name in WEIGHTS},
            thresholds=Thresholds(**{name: getattr(self, f"alert_{name}") for name in Thresholds.__struct_fields__}),
            bounds=Bounds(**{name: getattr(self, f"bound_{name}") for name in Bounds.__struct_fields__}),
        )
