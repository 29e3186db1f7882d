"""Programs that train gated networks: `python -m trainers.NAME --flagfile=...`."""
