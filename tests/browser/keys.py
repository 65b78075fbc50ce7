"""Walking a page with the keyboard alone."""

from playwright.sync_api import Locator, Page

MOST = 150
"""Presses of Tab after which a walk is lost."""

_SEEN = """element => {
  const box = element.getBoundingClientRect(), style = getComputedStyle(element)
  if (box.width < 2 || box.height < 2) return 'it is too small to be seen'
  if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth)
    return 'it lies outside the window'
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return 'its focus has no outline'
  const x = Math.min(Math.max(box.left + Math.min(box.width, innerWidth) / 2, 0), innerWidth - 1)
  const y = Math.min(Math.max((Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2, 0), innerHeight - 1)
  const top = document.elementFromPoint(x, y)
  const own = element.closest('label')
  return element.contains(top) || top.contains(element) || (own && own.contains(top))
    ? '' : 'it is covered by ' + top.outerHTML.slice(0, 80)
}"""


def focus_fault(focused: Locator) -> str:
    """Say what keeps a person from seeing where the focus is (WCAG 2.2 SC 2.4.7, 2.4.11); empty when nothing."""
    fault: str = focused.evaluate(_SEEN)
    return f"{focused.evaluate('e => e.outerHTML')[:100]}: {fault}" if fault else ""


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus; the focus must be seen at every step."""
    wanted = target.element_handle()
    for _ in range(MOST):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():
            continue
        assert not focus_fault(focused), focus_fault(focused)
        if page.evaluate("wanted => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"{target} cannot be reached with Tab")


def press(page: Page, name: str) -> None:
    """Go to a button and press Enter."""
    tab_to(page, page.get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def walk_through(page: Page) -> list[str]:
    """Press Tab once around the page; tell every stop at which the focus cannot be seen."""
    faults, seen = [], set()
    for _ in range(MOST):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():
            break
        mark = focused.evaluate(
            "e => [...document.querySelectorAll('*')].indexOf(e) + ' ' + e.name + ' ' + e.value"
        )
        if mark in seen:
            break
        seen.add(mark)
        fault = focus_fault(focused)
        if fault:
            faults.append(fault)
    assert seen, "nothing on the page takes the focus"
    return faults
