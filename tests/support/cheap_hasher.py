"""The product's hasher of passwords for tests that are not about its price."""

from cqrs.http.password_hasher import LowPriorityHasher


class CheapHasher(LowPriorityHasher):
    """Hashes in a thousandth of the time; its hashes are those of another number of iterations."""

    iterations = LowPriorityHasher.iterations // 1_000
