"""Django's PostgreSQL backend; it asks the socket, not the server, whether a connection is alive.

Django's own `SELECT 1` at the beginning of each request costs as much as a small query.
"""

from django.db.backends.postgresql import base
from psycopg import Error
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Say whether the idle connection still stands, as far as this machine knows.

        A server that ends or is killed closes its sockets. One whose machine vanishes does not,
        and shows only when it is next used.
        """
        if self.connection is None:
            return False
        try:
            # The first call takes in a farewell, only the second one finds the end behind it.
            self.connection.pgconn.consume_input()
            self.connection.pgconn.consume_input()
        except Error:
            return False
        return bool(self.connection.pgconn.transaction_status == TransactionStatus.IDLE)
