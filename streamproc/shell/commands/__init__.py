"""The commands. Each module has ``add(parser, name)`` for its arguments and ``run(args)`` for the rest."""
