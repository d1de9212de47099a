"""JSON Schemas (2020-12) of all topics, made from the models."""

from typing import Any, Final

from pydantic import BaseModel

from streamproc.contracts import inputs, metrics, outputs, topics

MODELS: Final[dict[str, type[BaseModel]]] = {
    **inputs.MODELS,
    topics.CLASSIFIED: outputs.Classified,
    topics.FEEDBACK_CLASSIFIED: outputs.FeedbackClassified,
    topics.QUESTIONS: outputs.Question,
    topics.METRICS: metrics.Metrics,
    topics.ALERTS: outputs.Alert,
    topics.DEAD_LETTER: outputs.DeadLetter,
}


def schema(topic: str) -> dict[str, Any]:
    """Return the JSON Schema of a topic's values."""
    body = MODELS[topic].model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:streamproc:{topic}",
        **body,
        "title": topic,
    }
