"""What viewers say: classes, topics, cues, and which question an utterance answers."""
