"""Line tests: what their figures mean, and what is kept of them for each point."""
