"""The words and the wires that every part shares. Imports no other part."""

VERSION = "0.1.0"
