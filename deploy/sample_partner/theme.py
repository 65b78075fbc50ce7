"""A brand's colour as style rules that stay readable on it and beside it."""


def brand_rules(name: str, colour: str) -> str:
    """Custom properties for everything inside an element of class `brand-<name>`."""
    return f"\n.brand-{name} {{ --brand: {colour}; --on-brand: {text_on(colour)}; }}\n"


def text_on(colour: str) -> str:
    """Black or white, whichever has the higher contrast on the colour (WCAG 2.2, relative luminance)."""
    light = luminance(colour)
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#000000"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
