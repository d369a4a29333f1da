"""What `ising` is made of: generators, what is measured of them, simulations, figures, numbers."""
