"""Another model from one moment on: visible in what it labelled, and no cluster is broken by it."""

import json

import pytest

from streamproc.contracts import topics
from streamproc.pipeline.step import Stepper, check_steps, load_step
from tests.fakes import Told, chat, new_task, room, said, values


class Other(Told):
    """A later version, which takes every text for a question about shipping, and normalises otherwise."""

    version = "later"

    def label(self, texts):
        """Return one label a text."""
        return super().label([f"ask.shipping {text}" for text in texts])


BEFORE = [chat(0, 1, "ask.price 多少钱"), chat(1, 2, "ask.size 尺码"), chat(2, 3, "hello")]
AFTER = [chat(3, 20, "ask.price 多少钱", user="bo"), chat(4, 21, "hello", user="cat"), chat(5, 80, "bye", user="cat")]
ROOM = [room(0, 0, "started")]
SAID = [said(0, 30, reply_to=["e0", "e3"]), said(1, 82)]


def _restored(commits, logs, understanding):
    """Return a stepper of another model, restored from what was committed, as the worker does it."""
    outputs = [output for commit in commits for output in commit.outputs]
    steps = [load_step("j", output.value) for output in outputs if output.topic == topics.JOURNAL]
    kept = {output.key.decode(): output.value for output in outputs if output.topic == topics.SNAPSHOTS}
    stepper = Stepper(new_task(each=False, understanding=understanding), 0, spread=3)
    stepper.load(kept.items())
    again = [step for step in steps if step.step >= steps[-1].floor]
    if again:
        check_steps(again, 0)
    for step in again:
        for entry in step.ranges:
            stepper.redo(step, entry, logs[entry.topic][entry.first : entry.last + 1] if entry.topic else [])
        stepper.redone(step)
    stepper.restored(steps[-1])
    return stepper


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "killed"])
def test_clusters_outlive_a_new_model(stopped):
    """A question asked under the old model is joined and answered under the new one, by the same cluster.

    After a stop nothing is labelled twice; after a kill what is read again may be labelled anew, and still no id of a
    cluster or change comes twice.
    """
    logs = {topics.ROOM: ROOM, topics.CHAT: BEFORE + AFTER, topics.ANCHOR: SAID}
    old = Stepper(new_task(each=False), 0, spread=3)
    commits, published = [], []
    for records in (ROOM, BEFORE):
        old.read(records)
        published += old.task.published
        old.task.published = []
        commits.append(old.close(all_rooms=stopped))
    new = _restored(commits, logs, Other())
    assert new.task.published == []
    new.read(AFTER)
    new.read(SAID)
    published += new.task.published
    new.task.published = []
    commits.append(new.close(all_rooms=True))

    labelled = {value["event_id"]: value["model_version"] for value in map(json.loads, (o.value for o in published))}
    assert labelled == {**dict.fromkeys(("e0", "e1", "e2"), "told"), **dict.fromkeys(("e3", "e4", "e5"), "later")}
    changes = [json.loads(o.value) for commit in commits for o in commit.outputs if o.topic == topics.QUESTIONS]
    assert len({change["id"] for change in changes}) == len(changes)
    price = [change for change in changes if change["cluster_id"].endswith("/e0")]
    assert [(change["change"], change["asks"]) for change in price][-2:] == [("joined", 2), ("answered", 2)]
    journal = [load_step("j", o.value) for commit in commits for o in commit.outputs if o.topic == topics.JOURNAL]
    assert [step.model_version for step in journal] == ["told", "told", "later"]
    new.task.finish()
    last = [record for record in values(new.task)["metrics"] if record["window"] == "session"][-1]["questions"]
    assert last["answered"] == 1
