"""What the demo draws, from what it reads from the output topics."""
