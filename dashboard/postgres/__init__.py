"""Django's backend for PostgreSQL, where times are read by the driver itself."""
