"""Walking a page with the keyboard alone."""

from playwright.sync_api import Locator, Page

MOST = 150
"""Presses of Tab after which a walk is lost."""

_FAULT = """element => {
  const box = element.getBoundingClientRect()
  if (box.width < 2 || box.height < 2) return 'it is too small to be seen'
  if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth)
    return 'it lies outside the window'
  const rings = [element, element.closest('.door, .card')].filter(Boolean).map(e => getComputedStyle(e))
  if (!rings.some(ring => ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2))
    return 'its focus has no outline'
  const x = Math.min(Math.max(box.left + Math.min(box.width, innerWidth) / 2, 0), innerWidth - 1)
  const y = Math.min(Math.max((Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2, 0), innerHeight - 1)
  const top = document.elementFromPoint(x, y)
  const label = element.closest('label')
  return element.contains(top) || top.contains(element) || (label && label.contains(top))
    ? '' : 'it is covered by ' + top.outerHTML.slice(0, 80)
}"""
_STOP = f"""() => {{
  const element = document.activeElement
  if (!element || element === document.body) return null
  const fault = ({_FAULT})(element), place = [...document.querySelectorAll('*')].indexOf(element)
  return [place, fault && element.outerHTML.slice(0, 100) + ': ' + fault]
}}"""


def next_stop(page: Page) -> tuple[int, str] | None:
    """Press Tab; tell which element took the focus, and what keeps a person from seeing that it did.

    Returns:
        The element's place in the page and the fault (WCAG 2.2 SC 2.4.7, 2.4.11), empty when there is none;
        None when the focus left the page.
    """
    # Before its style sheet is there, a page has Chromium's own thin outline.
    page.wait_for_load_state("load")
    page.keyboard.press("Tab")
    found: tuple[int, str] | None = page.evaluate(_STOP)
    return found


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus; the focus must be seen at every step."""
    wanted = target.element_handle()
    for _ in range(MOST):
        stop = next_stop(page)
        if stop is None:
            continue
        assert not stop[1], stop[1]
        if page.evaluate("wanted => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"{target} cannot be reached with Tab")


def press(page: Page, name: str) -> None:
    """Go to a button and press Enter."""
    tab_to(page, page.get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def walk_through(page: Page) -> list[str]:
    """Press Tab once around the page; tell every stop at which the focus cannot be seen."""
    faults: list[str] = []
    seen: set[int] = set()
    for _ in range(MOST):
        stop = next_stop(page)
        if stop is None or stop[0] in seen:
            break
        seen.add(stop[0])
        faults += [stop[1]] if stop[1] else []
    assert seen, "nothing on the page takes the focus"
    return faults
