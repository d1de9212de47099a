"""The demo: an embedded broker, a show or a recording, the real worker, and a picture of what it publishes."""
