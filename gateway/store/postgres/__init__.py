"""Optimistic ways (PostgreSQL): a whole transaction in one statement, which writes only what still holds.

Why there are two ways. The usual way is a transaction that locks, reads, decides and writes: four to eight messages to
PostgreSQL, each with its price in both processes. The optimistic way reads and decides before, and then sends one
statement that locks what was seen, compares versions, and writes where nothing has changed. It is first; whatever it
did not write is decided anew the usual way, which knows why. SQLite, where a message costs nothing, has the usual way
only, and every operation can do without the optimistic one.

How they are held equal. Both call the same pure decision and spell rows by the same functions, so only locking and
conditions are written twice. An optimistic operation never says no: False, or None, means "ask the usual way". One
suite runs over both: ``tests/gateway/store/postgres`` compares the rows that each leaves, ``tests/races`` puts every
kind of change between decision and writing, and ``tests/kill`` kills either at each of its points. Decision 0068 says
what each way gives, and when one may go.
"""
