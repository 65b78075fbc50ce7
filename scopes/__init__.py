"""What may be asked for and what is released: fields, forms, purposes, wording, one projection (pure)."""
