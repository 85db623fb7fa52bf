"""By which profile the lines of each conference are graded."""
