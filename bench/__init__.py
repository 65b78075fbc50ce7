"""The load harness: how fast the gateway answers, beside routes that do the least a server can do."""
