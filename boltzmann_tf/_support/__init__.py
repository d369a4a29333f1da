"""What the rooms share, and users do not see: checks, files, noise, graphs."""
