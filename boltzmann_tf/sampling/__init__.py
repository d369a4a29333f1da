"""Conventional Monte Carlo (training data, reference answers) and moves through latent space."""

from boltzmann_tf.sampling.latent import (
    IndependenceChain,
    Path,
    independence_chain,
    interpolate,
    latent_metropolis,
)
from boltzmann_tf.sampling.random_walk import Chains, metropolis, run_chains

__all__ = [
    "Chains",
    "IndependenceChain",
    "Path",
    "independence_chain",
    "interpolate",
    "latent_metropolis",
    "metropolis",
    "run_chains",
]
