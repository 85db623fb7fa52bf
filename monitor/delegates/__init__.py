"""The delegates by name: imported from a spreadsheet, checked in one by one, absent with a reason."""
