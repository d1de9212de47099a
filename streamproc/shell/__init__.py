"""The thin shell: command line, settings, and the one place where things are put together."""
