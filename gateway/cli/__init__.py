"""The command line: one file a group of commands; what they do is in `gateway.actions`, where pages find it too."""
