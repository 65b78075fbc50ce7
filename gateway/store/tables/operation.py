"""Tables of what keeps running."""

from sqlalchemy import Table

from gateway.store.tables.columns import at_column, id_column, metadata, text_column

lease = Table("lease", metadata, id_column("name"), text_column("holder"), at_column("expires_at"))

node = Table(
    "node",
    metadata,
    id_column("node_id"),
    text_column("place"),
    at_column("started_at"),
    at_column("seen_at"),
    text_column("current"),
    text_column("masters"),
    text_column("turns"),
)
