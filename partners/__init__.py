"""Who may ask: partners, clients, offers, their manifests and states (pure)."""
