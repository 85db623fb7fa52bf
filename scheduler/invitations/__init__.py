"""Invitations: what each point is sent, what it answers, and the mail that carries it."""
