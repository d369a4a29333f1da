"""Clusters of particles that nothing holds in place: what `dw4` and `lj13` share."""
