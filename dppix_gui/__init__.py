"""The window of dppix: it binds and shows, the engine computes."""
