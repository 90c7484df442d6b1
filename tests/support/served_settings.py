"""The settings of served desks: those of the product, but a hash of a password costs a thousandth.

Passwords are hashed at a low priority: on a busy machine each start and login would take seconds.
"""

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.support.cheap_hasher.CheapHasher"]
