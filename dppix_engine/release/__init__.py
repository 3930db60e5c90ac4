"""What may be published, and what is made from it: public."""
