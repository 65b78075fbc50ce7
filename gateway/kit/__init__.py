"""Ground floor: clock, ids, digests, keys, sealing, settings, errors, logs. It knows no business."""
