"""The world outside: Kafka, files, Prometheus, HTTP, and the embedded broker."""
