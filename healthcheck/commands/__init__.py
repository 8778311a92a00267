"""The subcommands. Each module has one `execute…(arguments, console)` per command and is imported when asked for."""
