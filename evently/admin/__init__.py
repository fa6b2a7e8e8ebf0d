"""The frame of the admin: its site, its look, and the steps that ask before they act."""
