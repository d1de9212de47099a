"""The rules: what a session is and how every number of it comes about. Pure: no Kafka, no clock, no I/O."""
