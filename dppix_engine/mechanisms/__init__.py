"""The only place where private data meets noise."""
