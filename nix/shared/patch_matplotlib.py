"""Let figures show Japanese: give matplotlib IPAexGothic for the signs that its own fonts lack. Attributes: font.

Not by its settings: every style sheet, and every line about fonts of a user's, would take it away again. So the font
comes last in whatever list of fonts is looked up, and among the fonts of formulas.
"""

import os
import py_compile
import shutil
import sys
from pathlib import Path

FONTS = """

# ---- added to matplotlib: Japanese in every family and style ----
_find_fonts = FontManager._find_fonts_by_props
_JAPANESE = FontPath(str(cbook._get_data_path("fonts/ttf/{font}")), 0)


def _find_fonts_and_japanese(self, prop, fontext="ttf", *args, **more):
    found = _find_fonts(self, prop, fontext, *args, **more)
    return found if fontext != "ttf" or _JAPANESE in found else [*found, _JAPANESE]


FontManager._find_fonts_by_props = _find_fonts_and_japanese
"""
FORMULAS = """

# ---- added to matplotlib: Japanese beside and within formulas, whose fonts have none ----
_JAPANESE = ((0x2E80, 0xA000), (0xF900, 0xFB00), (0xFE30, 0xFE50), (0xFF00, 0x10000), (0x20000, 0x40000))


def _japanese_first(get_glyph):
    def japanese_first(self, fontname, font_class, sym):
        if len(sym) == 1 and any(first <= ord(sym) < end for first, end in _JAPANESE):
            font = get_font(cbook._get_data_path("fonts/ttf/{font}"))
            if font.get_char_index(ord(sym)):
                return font, ord(sym), False
        return get_glyph(self, fontname, font_class, sym)

    return japanese_first


for _fonts in (BakomaFonts, UnicodeFonts, DejaVuFonts):
    _fonts._get_glyph = _japanese_first(_fonts._get_glyph)
"""
# Each module, what is added to its end, and what of its own the addition stands on.
PARTS = {
    "font_manager.py": (FONTS, ("def _find_fonts_by_props(self", "class FontPath", "import _api, _afm, cbook")),
    "_mathtext.py": (
        FORMULAS,
        ("class BakomaFonts", "class UnicodeFonts", "class DejaVuFonts", "def _get_glyph(self", "findfont, get_font"),
    ),
}


def add(module: Path, addition: str, anchors: tuple[str, ...]) -> None:
    """Write an addition to the end of a module, and compile it anew: its bytecode is of what it was before."""
    text = module.read_text(encoding="utf-8")
    for anchor in anchors:
        if anchor not in text:
            sys.exit(f"{module} has no {anchor!r} any more: see how this release finds its fonts")
    module.write_text(text + addition, encoding="utf-8")
    for old in module.parent.glob(f"__pycache__/{module.stem}.*.pyc"):
        old.unlink()
    py_compile.compile(str(module), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def main() -> None:
    """Add the font and what finds it to the matplotlib in the folder that is the argument."""
    font = Path(os.environ["font"])  # noqa: SIM112 - an attribute of the derivation
    package = Path(sys.argv[1], "matplotlib")
    shutil.copyfile(font, package / "mpl-data" / "fonts" / "ttf" / font.name)
    for name, (addition, anchors) in PARTS.items():
        add(package / name, addition.replace("{font}", font.name), anchors)


main()
