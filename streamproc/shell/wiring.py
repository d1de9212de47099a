"""Where the parts are put together, and the only place that knows all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproc.pipeline.task import TaskConfig

if TYPE_CHECKING:
    from streamproc.contracts.label import Label
    from streamproc.domain.rules import QuestionIndex
    from streamproc.shell.settings import Settings


class ShippedUnderstanding:
    """The shipped classifier and matcher, as a task wants them. Not thread-safe: it has caches."""

    def __init__(self) -> None:
        # Loads numpy and the model, which most commands do without.
        from streamproc.understanding import matcher, text  # noqa: PLC0415
        from streamproc.understanding.classifier import Classifier  # noqa: PLC0415

        self._classifier = Classifier.load()
        self._index = matcher.QuestionIndex
        self.version = self._classifier.version
        self.normalise = text.normalise

    def label(self, texts: list[str]) -> list[Label]:
        """Return one label a text; each depends on its text alone."""
        return self._classifier.label(texts)

    def index(self) -> QuestionIndex:
        """Return a new index for one session's questions."""
        return self._index()


def task_config(settings: Settings) -> TaskConfig:
    """Return what the numbers depend on beside the records."""
    return TaskConfig(settings.user_key, settings.rules())
