"""The door: the WebSocket protocol, its sessions, its server and a client for endpoints without a browser."""
