"""The command line, with one file for each group of commands; they call the same actions as the pages."""
