"""Consents: reading, deciding and ending them, receipts and complaints."""
