"""Recordings of chats that people have, turned into the project's input records and into the replay format.

for line in lines("recording.xml", room="r1"): file.write(line)   # JSONL, bytes with their line feed
for topic, value in records("trace.jsonl.gz"): ...
"""

from streamproc.adapters.convert.recording import Format, detect, lines, records

__all__ = ["Format", "detect", "lines", "records"]
