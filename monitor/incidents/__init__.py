"""Incidents: what is wrong with lines and halls, told once per cause, with an owner and an end."""
