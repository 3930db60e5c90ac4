"""The sub-commands of `dppix`, one a module."""
