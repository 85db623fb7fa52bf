"""Alarms: incidents told to people and machines outside, by mail and webhook."""
