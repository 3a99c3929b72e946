"""The subcommands of `gan-widgets`, one small module each.

A command is a module with two functions, listed in `gan_widgets.cli.COMMANDS`:

- `arguments(parser)` adds its options to an `argparse.ArgumentParser`;
- `run(options) -> int` does the work and gives the exit status.

The first line of the module's docstring is its line of help. Heavy imports belong inside `run`, so that
`gan-widgets --help` answers at once.
"""
