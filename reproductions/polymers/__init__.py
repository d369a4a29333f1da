"""Chains: ideal, self-avoiding, collapsed, and what `polymer` does with them."""
