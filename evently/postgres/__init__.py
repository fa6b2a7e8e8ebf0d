"""Django's backend for PostgreSQL, with connections that keep to the thread's deadline."""
