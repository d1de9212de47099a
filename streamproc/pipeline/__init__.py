"""The data path: bytes in, records out, in one task. Pure: no Kafka, no clock, no I/O."""
