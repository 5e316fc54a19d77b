"""A storm: many clients act over the same teams and stock while workers and PostgreSQL are killed; then all is checked."""
