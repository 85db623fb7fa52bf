"""A headless WebRTC endpoint: what a hall's equipment does, without the hall."""
