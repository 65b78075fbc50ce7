"""What a client proves itself with: secrets, assertions, certificates, DPoP proofs."""
