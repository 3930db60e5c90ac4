"""The panels beside the viewer, one a module."""
