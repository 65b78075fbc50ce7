"""The hand-off log's encoding and hashes (pure); its order and proofs grow from here."""
