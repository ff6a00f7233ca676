"""What dev/bench does: rows.py holds figures against bars, the other files measure them, soak.py runs what takes long."""
