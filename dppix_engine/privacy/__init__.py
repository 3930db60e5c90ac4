"""The arithmetic of the promise."""
