"""Where frames come from: private."""
