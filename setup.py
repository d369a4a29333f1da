"""Which packages there are; every other piece of metadata is in setup.cfg.

The reproductions stand beside the package in the repository, where a reader looks for them, and
are installed inside it: `reproductions` would be too common a name among a user's packages.
"""

from setuptools import find_packages, setup

studies = find_packages(include=["reproductions", "reproductions.*"])
setup(
    packages=[
        *find_packages(include=["boltzmann_tf", "boltzmann_tf.*"]),
        *(f"boltzmann_tf.{name}" for name in studies),
    ],
    package_dir={f"boltzmann_tf.{name}": name.replace(".", "/") for name in studies},
)
