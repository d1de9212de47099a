"""The worker on Kafka: Faust's consumer group hands fetched batches to one pure task a partition number.

From outside: `config.WorkerConfig`, `worker.run`, `topics.topic_specs`. Inside, in the order a record takes:
`transport` (Faust's consumer, one event a fetched batch), `app` (the agent), `assignment` (whose partition it is),
`runner` (one partition number: restore, apply, commit), `sending` and `transactions` (what leaves). `restore` and
`journal` read again what was lost with another worker.
"""
