"""docs/screens shows each listed page at each width in each scheme, and says what each shows."""

from tests.gateway.web.gallery import LOOKS
from tests.gateway.web.samples import SAMPLES
from tests.gateway.web.screens import FOLDER, PAGES, index, name_of

PNG = b"\x89PNG\r\n\x1a\n"
MOST = 4_000_000
"""Bytes of all pictures: they are in every clone."""


def test_every_listed_page_has_its_pictures_and_there_are_no_others() -> None:
    wanted = {name_of(page, width, scheme) for page in PAGES for width, scheme in LOOKS}
    found = {each.name: each.read_bytes() for each in FOLDER.glob("*.png")}
    assert found.keys() == wanted
    assert all(content.startswith(PNG) for content in found.values())
    assert sum(map(len, found.values())) < MOST


def test_every_listed_page_is_in_the_gallery_and_on_the_index() -> None:
    assert PAGES.keys() <= SAMPLES.keys()
    assert (FOLDER / "README.md").read_text() == index(), "run: make screens"
