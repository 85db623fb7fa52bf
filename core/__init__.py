"""The words and the wires that every part shares. Imports no other part."""
