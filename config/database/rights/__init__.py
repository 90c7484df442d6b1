"""The database roles and their rights: declared, written as SQL, applied and checked."""
