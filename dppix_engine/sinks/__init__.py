"""Where pictures go: public."""
