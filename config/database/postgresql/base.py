"""Django's PostgreSQL backend; it checks a connection by its socket, without asking the server.

Django's `SELECT 1` at the start of each request costs as much as a small query.
"""

from django.db.backends.postgresql import base
from psycopg import Error
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Return whether the idle connection is open, as far as this machine knows.

        A server that ends or is killed closes its sockets. A lost machine does not: the next
        statement fails.
        """
        if self.connection is None:
            return False
        try:
            # The first call reads the server's last message, the second one the end of the stream.
            self.connection.pgconn.consume_input()
            self.connection.pgconn.consume_input()
        except Error:
            return False
        return bool(self.connection.pgconn.transaction_status == TransactionStatus.IDLE)
