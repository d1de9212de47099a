"""From a viewer's question to whoever is woken: a real worker, Prometheus, Alertmanager and a webhook."""

from tests.deploy.station import PATIENCE_S


def test_a_burst_of_unanswered_questions_wakes_somebody_and_then_resolves(played):
    """The first room's burst fires one critical alert for that room alone, with numbers and runbook, and resolves."""
    webhook = played.station.webhook
    assert webhook.wait("StreamprocUnansweredSpike", "resolved", PATIENCE_S), webhook.alerts
    heard = [alert for alert in webhook.alerts if alert[0] == "StreamprocUnansweredSpike"]
    assert {room for _, room, _, _ in heard} == {"room-001"}
    firing = next(alert for _, _, status, alert in heard if status == "firing")
    assert heard.index(next(one for one in heard if one[2] == "firing")) == 0
    assert firing["labels"]["severity"] == "critical"
    assert "viewers wait for an answer in room room-001" in firing["annotations"]["description"]
    assert firing["annotations"]["runbook_url"] == "docs/runbooks/unanswered_spike.md"
    resolved = next(alert for _, _, status, alert in heard if status == "resolved")
    assert resolved["startsAt"] == firing["startsAt"]
    assert resolved["endsAt"] > resolved["startsAt"]
