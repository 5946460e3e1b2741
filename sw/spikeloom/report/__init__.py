"""What was estimated and what was measured, as JSON files and as one HTML page."""
