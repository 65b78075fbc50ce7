"""The key ring's file, looked at again while we run: a rotation needs no restart."""

import threading
from pathlib import Path

from gateway.kit.logs import log
from gateway.kit.secrets.key_ring import KeyRing, KeyRingError, read_key_ring

_Stamp = tuple[int, int, int]


class RingFile:
    """The ring as its file had it when somebody last looked.

    A file that cannot be read, is half written, or holds a ring that does not continue ours changes nothing: the ring
    that was known stays in use, and the log says why.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            KeyRingError: as `read_key_ring` does.
        """
        self._path = path
        # Before it is read: whatever is written meanwhile is then looked at again.
        self._stamp = _stamp_of(path)
        self._said = ""
        self._lock = threading.Lock()
        self.ring = read_key_ring(path)

    def look(self) -> KeyRing:
        """Read the file again if it is another one than before; give the ring that is to be used."""
        with self._lock:
            stamp = _stamp_of(self._path)
            if stamp != self._stamp:
                self._read(stamp)
            return self.ring

    def _read(self, stamp: _Stamp | None) -> None:
        try:
            found = read_key_ring(self._path)
        except KeyRingError as error:
            self._say(str(error))
            return
        fault = found.why_not_after(self.ring)
        if fault:
            self._say(f"the key ring at {self._path} is not taken: {fault}")
            return
        self._stamp, self._said, self.ring = stamp, "", found
        log().info("key_ring_read", current=found.current, masters=sorted(found.masters))

    def _say(self, why: str) -> None:
        # It is tried again at every look; once is enough to be read.
        if why != self._said:
            log().error("key_ring_kept", why=why)
        self._said = why


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
