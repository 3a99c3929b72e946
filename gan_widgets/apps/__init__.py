"""Views laid out together: they know each other's places, and nothing else of each other."""
