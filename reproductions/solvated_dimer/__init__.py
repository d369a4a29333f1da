"""What `dimer`, `explore` and `free_energies` share about the solvated dimer."""
