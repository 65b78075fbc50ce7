"""The texts of SQL statements, made once for all worlds of a test process.

SQLAlchemy keeps them per engine, and every world has engines of its own: making the same texts anew for each took a
fifth of the time of a typical test.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect

TEXTS: dict[Any, Any] = {}


def share_texts() -> None:
    """Let every engine of one kind of database use the texts that another has made."""

    def of_one_kind(self: DefaultDialect, other: object) -> bool:
        return type(self) is type(other)

    def kind(self: DefaultDialect) -> int:
        return hash(type(self))

    def created(_kind: type[DefaultDialect], engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=TEXTS)

    # A text's key names its dialect, an object that each engine has of its own.
    DefaultDialect.__eq__ = of_one_kind  # type: ignore[method-assign, assignment]  # on purpose
    DefaultDialect.__hash__ = kind  # type: ignore[method-assign, assignment]  # on purpose
    DefaultDialect.engine_created = classmethod(created)  # type: ignore[method-assign, assignment]  # on purpose
