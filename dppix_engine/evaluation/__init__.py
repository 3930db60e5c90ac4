"""What the program is measured by."""
