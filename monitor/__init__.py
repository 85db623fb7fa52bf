"""The eye: link samples and their grades, attendance, and the record of both."""
