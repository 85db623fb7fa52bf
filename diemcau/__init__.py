"""The front door: command line, wiring of the parts, and the demonstration."""
