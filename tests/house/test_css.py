"""The look keeps its promises: contrast in both schemes, no physical sides, nothing inline in a template."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
SHEET = TEMPLATES / "static" / "css" / "challenge.css"
CSS = re.sub(r"/\*.*?\*/", "", SHEET.read_text(encoding="utf-8"), flags=re.DOTALL)

# Documents are printed by the PDF engine and never reach a browser as a page:
# a brand and the width of a bar may stand in them.
DOCUMENTS = TEMPLATES / "notices"


def pages() -> Iterator[Path]:
    yield from sorted(path for path in TEMPLATES.rglob("*.html") if "static" not in path.parts)


def tokens() -> dict[str, dict[str, str]]:
    """Colour tokens of the plain scheme and of the one with `light-dark()`."""
    schemes: dict[str, dict[str, str]] = {"plain": {}, "light": {}, "dark": {}}
    roots = re.findall(r":root \{(.*?)\n\s*\}", CSS, flags=re.DOTALL)
    for name, colour in re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", roots[0]):
        schemes["plain"][name] = colour
    for name, light, dark in re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", roots[1]
    ):
        schemes["light"][name] = light
        schemes["dark"][name] = dark
    return schemes


def brand() -> dict[str, dict[str, str]]:
    """The five tokens of the second brand, in both schemes."""
    own = CSS.rsplit('[data-brand="culture"] {', 1)[1].split("}", 1)[0]
    pairs = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", own)
    return {
        "light": {name: light for name, light, _ in pairs},
        "dark": {name: dark for name, _, dark in pairs},
    }


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def worst(scheme: str, name: str, grounds: tuple[str, ...] = ("paper", "sunk", "tint")) -> float:
    own = tokens()[scheme]
    return min(contrast(own[name], own[ground]) for ground in grounds)


def test_black_on_white_is_twenty_one_to_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_the_plain_scheme_equals_the_light_one() -> None:
    schemes = tokens()
    assert {name: schemes["plain"][name] for name in schemes["light"]} == schemes["light"]
    assert schemes["light"].keys() == schemes["dark"].keys()
    assert len(schemes["light"]) == 19


@pytest.mark.parametrize(
    ("name", "light", "dark"),
    [
        ("ink", 14.0, 12.6),
        ("quiet", 5.4, 6.8),
        ("accent", 6.8, 7.5),
        ("wait", 6.0, 8.6),
        ("bad", 6.5, 7.5),
        ("good", 5.9, 8.2),
        ("focus", 6.4, 8.0),
        ("line", 3.3, 3.9),
    ],
)
def test_measured_contrast_holds_in_both_schemes(name: str, light: float, dark: float) -> None:
    """The worst of paper, sunk and tint. Text needs 4.5, the edge of a control 3."""
    assert min(light, dark) >= (3.0 if name == "line" else 4.5)
    assert round(worst("light", name), 1) == light
    assert round(worst("dark", name), 1) == dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["good", "wait", "bad"])
def test_a_state_reads_on_its_wash(scheme: str, state: str) -> None:
    assert worst(scheme, state, (f"{state}-wash", "paper", "sunk", "tint")) >= 5.85


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_the_main_button_and_on_marks_reads(scheme: str) -> None:
    own = tokens()[scheme]
    assert contrast(own["accent-ink"], own["accent"]) >= 4.5
    assert contrast(own["accent-ink"], own["accent-hover"]) >= 4.5
    assert contrast(own["ink"], own["mark"]) >= 4.5
    for wash in ("good-wash", "wait-wash", "bad-wash"):
        assert contrast(own["ink"], own[wash]) >= 4.5
        assert contrast(own["quiet"], own[wash]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_second_brand_sets_five_tokens_and_reads(scheme: str) -> None:
    own = {**tokens()[scheme], **brand()[scheme]}
    assert set(brand()[scheme]) == {"accent", "accent-hover", "accent-deep", "accent-ink", "tint"}
    for text in ("accent", "accent-deep", "ink", "quiet", "good", "wait", "bad"):
        for ground in ("paper", "sunk", "tint"):
            assert contrast(own[text], own[ground]) >= 4.5, (text, ground)
    assert contrast(own["accent-ink"], own["accent"]) >= 4.5


def test_no_rule_names_a_physical_side() -> None:
    sides = r"(?:left|right|top|bottom)"
    found = re.findall(
        rf"(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-{sides}|(?<![-.\w]){sides}(?=\s*:)"
        r"|(?:text-align|float|clear)\s*:\s*(?:left|right))",
        CSS,
    )
    assert found == []


def test_no_rule_sets_a_physical_size() -> None:
    rules = re.sub(r"@media[^{]*\{|@supports[^{]*\{", "{", CSS)
    assert re.findall(r"(?<![-\w])(?:(?:min|max)-)?(?:width|height)\s*:", rules) == []


def test_only_onward_arrows_are_mirrored() -> None:
    assert re.findall(r'[^{}]*\[dir="?rtl"?\][^{]*', CSS) == re.findall(
        r'\n\[dir="rtl"\] \.icon\.turns ', CSS
    )


def test_important_stands_only_in_preferences() -> None:
    before = CSS.split("@media (prefers-reduced-motion: reduce)")[0]
    assert "!important" not in before


def test_every_font_of_the_sheet_is_served_by_us() -> None:
    fonts = re.findall(r'url\("([^"]+)"\)', CSS)
    assert len(fonts) == 12
    assert all((SHEET.parent / font).resolve().is_file() for font in fonts)
    assert "data:" not in CSS
    assert "@import" not in CSS


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_nothing_is_inline(path: Path) -> None:
    words = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    if DOCUMENTS not in path.parents:
        assert not re.search(r"\sstyle\s*=", words)
        assert "<style" not in words
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", words)
    assert not re.search(r"\bhx-on\b", words)
    assert "javascript:" not in words
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", words, flags=re.DOTALL):
        assert "src=" in attributes
        assert body.strip() == ""


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_the_safe_filter_stays_in_parts(path: Path) -> None:
    if path.parent.name != "parts":
        assert not re.search(r"\|\s*safe\b", path.read_text(encoding="utf-8"))
