"""The JSON Schemas are those of the models, and both take and refuse the same examples."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from streamproc.contracts.schemas import MODELS
from streamproc.shell.commands.schemas import text_of

FOLDER = Path(__file__).parents[2] / "schemas"
TOPICS = sorted(MODELS)


def examples(topic, which):
    """Return a topic's valid or invalid examples."""
    return json.loads((FOLDER / "examples" / f"{topic}.{which}.json").read_text(encoding="utf-8"))


def by_schema(topic):
    """Return the validator of a topic's schema file."""
    schema = json.loads((FOLDER / f"{topic}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("topic", TOPICS)
def test_schema_files_are_those_of_the_models(topic):
    """`make schemas` would change nothing."""
    assert (FOLDER / f"{topic}.schema.json").read_text(encoding="utf-8") == text_of(topic)


def test_every_schema_file_has_its_topic():
    """No schema or example is left over from a topic that is gone."""
    assert sorted(path.name for path in FOLDER.glob("*.json")) == [f"{topic}.schema.json" for topic in TOPICS]
    kept = sorted(path.name for path in (FOLDER / "examples").iterdir())
    assert kept == sorted(f"{topic}.{which}.json" for topic in TOPICS for which in ("valid", "invalid"))


@pytest.mark.parametrize("topic", TOPICS)
def test_valid_examples_pass_schema_and_model(topic):
    """Both take every valid example."""
    validator, found = by_schema(topic), examples(topic, "valid")
    assert found
    for value in found:
        validator.validate(value)
        MODELS[topic].model_validate_json(json.dumps(value))


@pytest.mark.parametrize("topic", TOPICS)
def test_invalid_examples_fail_schema_and_model(topic):
    """Both refuse every invalid example."""
    validator, found = by_schema(topic), examples(topic, "invalid")
    assert found
    for value in found:
        assert not validator.is_valid(value), value
        with pytest.raises(ValidationError):
            MODELS[topic].model_validate_json(json.dumps(value))
