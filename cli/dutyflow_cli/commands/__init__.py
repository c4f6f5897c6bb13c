"""One module per subcommand; each offers a click command named `command`, loaded only when it is asked for."""
