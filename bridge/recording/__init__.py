"""Recording a conference to files without decoding anything: packets to frames to Matroska."""
