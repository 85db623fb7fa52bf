"""The demonstration: a city's halls, booked and joined, with one command."""
