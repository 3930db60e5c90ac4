"""Code that computes, and what it runs on."""
