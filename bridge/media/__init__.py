"""Media: transport, RTP, slots and fan-out. Forwards, never decodes."""
