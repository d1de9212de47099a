"""The doctor: one line a finding, each with what to do, on a healthy broker and on missing parts."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from streamproc.adapters.broker.topics import TopicSpec, create_topics
from streamproc.adapters.kafka.topics import topic_specs
from streamproc.contracts import topics
from streamproc.shell.cli import main
from streamproc.shell.doctor import BAD, DOUBTFUL, GOOD, examine
from streamproc.shell.errors import UNUSABLE
from streamproc.shell.feed import new_producer
from streamproc.shell.settings import load


async def found(broker, names, **flags):
    """Return the doctor's findings by what was looked at."""
    settings = load(
        {"bootstrap": broker.bootstrap, "topic_prefix": f"{names.prefix}.", "group": names.group(), **flags}
    )
    return {finding.what: finding async for finding in examine(settings, {}, {})}


async def test_missing_topics_and_worker_are_told(broker, names):
    """Nothing is there but the broker: each thing that is missing has a line with what to do."""
    seen = await found(broker, names)
    assert [seen[what].state for what in ("versions", "settings", "broker", "topics", "group")] == [
        GOOD, DOUBTFUL, GOOD, BAD, BAD
    ]  # fmt: skip
    assert "topics create" in seen["topics"].todo
    assert "streamproc worker" in seen["group"].todo
    assert all("\n" not in " ".join(finding) for finding in seen.values())


async def test_topics_as_they_have_to_be_and_what_waits(broker, names):
    """With all topics there, records that nobody has read are counted, and their time is compared with the clock."""
    await create_topics(broker.bootstrap, topic_specs(2, prefix=f"{names.prefix}."))
    producer = new_producer(broker.bootstrap, {})
    await producer.start()
    for _ in range(3):
        await producer.send_and_wait(names.topic(topics.CHAT), b"{}")
    await producer.stop()
    seen = await found(broker, names, hash_key="a key of its own")
    assert seen["settings"].state == seen["topics"].state == seen["clock"].state == GOOD
    assert "a key of its own" not in str(seen)
    assert seen["lag"].seen == f"3 records wait, {names.topic(topics.CHAT)} 3"


async def test_topic_with_wrong_settings_is_named(broker, names):
    """A producer's own timestamps on an input topic would let its clock carry the watermark off."""
    orders = names.topic(topics.ORDERS)
    specs = [spec for spec in topic_specs(2, prefix=f"{names.prefix}.") if spec.name != orders]
    await create_topics(broker.bootstrap, [*specs, TopicSpec(orders, 1)])
    findings = await found(broker, names)
    seen = findings["topics"]
    assert seen.state == BAD
    assert f"{orders} has 1 partitions and needs 2" in seen.seen
    assert "LogAppendTime" in seen.seen
    assert findings["lag"].seen == "0 records wait", "what is there is looked at all the same"


async def test_a_healthy_worker_and_its_lag(broker, names):
    """With a member in the group all is well; then more than a worker reads in a second or two waits."""
    await create_topics(broker.bootstrap, topic_specs(1, prefix=f"{names.prefix}."))
    chat, more = names.topic(topics.CHAT), 10_001
    producer = new_producer(broker.bootstrap, {})
    member = AIOKafkaConsumer(
        chat, bootstrap_servers=broker.bootstrap, group_id=names.group(), enable_auto_commit=False
    )
    await producer.start()
    await member.start()
    try:
        await producer.send_and_wait(chat, b"{}")
        await member.commit({TopicPartition(chat, 0): 1})
        seen = await found(broker, names, hash_key="a key of its own")
        assert {finding.state for finding in seen.values()} == {GOOD}
        assert seen["group"].seen == f"{names.group()}: 1 worker, Stable"
        assert seen["lag"].seen == "0 records wait"
        for _ in range(more):
            await producer.send(chat, b"{}")
        await producer.flush()
        lag = (await found(broker, names))["lag"]
        assert (lag.state, lag.seen) == (DOUBTFUL, f"10,001 records wait, {chat} 10,001")
        assert "docs/runbooks" in lag.todo
    finally:
        await member.stop()
        await producer.stop()


def test_every_bad_setting_has_a_line(capsys):
    """Where the worker names the first of them, the doctor names all, and ends as the worker does."""
    assert main(["doctor", "--partitions", "0", "--batch-records", "many"]) == UNUSABLE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["FAIL", "settings", "partitions"],
        ["FAIL", "settings", "batch_records"],
    ]
    assert all(" -> " in line for line in lines)


async def test_a_variable_that_is_no_setting_is_told():
    """A slip in a variable's name is a line of its own, with the setting that may be meant."""
    settings = load({"bootstrap": "127.0.0.1:1"})
    environment = {"STREAMPROC_BOOSTRAP": "x", "STREAMPROC_EVAL_DATA": "y", "STREAMPROC_GROUP": "z", "HOME": "h"}
    seen = [f async for f in examine(settings, {}, environment) if f.what == "settings"]
    assert [(f.state, f.seen.split()[0], f.todo) for f in seen[1:]] == [
        (DOUBTFUL, "STREAMPROC_BOOSTRAP", "is STREAMPROC_BOOTSTRAP meant?")
    ]


async def test_unreachable_broker_is_the_last_line(names):
    """What cannot be looked at is left out, and the address is named."""
    settings = load({"bootstrap": "127.0.0.1:1"})
    seen = [finding async for finding in examine(settings, {}, {})]
    assert [finding.what for finding in seen] == ["versions", "settings", "broker"]
    assert seen[-1].state == BAD
    assert "127.0.0.1:1" in seen[-1].seen
