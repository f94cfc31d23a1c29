"""Makes crates/services/fonts/papers.ttf of DejaVuSansCondensed.ttf 2.37: python3 make.py IN OUT (needs fonttools)."""
import sys
from fontTools import subset
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

# Latin, Greek with its old accents, Cyrillic, punctuation, currencies, a few signs.
RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x2BC, 0x2BC), (0x370, 0x3FF), (0x400, 0x52F), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF),
          (0x2010, 0x2027), (0x2030, 0x203A), (0x20A0, 0x20BF), (0x2103, 0x2103), (0x2116, 0x2116), (0x2122, 0x2122), (0x2126, 0x2126),
          (0x2150, 0x215E), (0x2190, 0x2195), (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2265)]
# Signs around other signs.
WITHOUT = {0x488, 0x489}

font = TTFont(sys.argv[1])
options = subset.Options()
options.layout_features, options.hinting, options.glyph_names, options.legacy_kern = [], False, False, False
options.name_IDs, options.name_languages, options.name_legacy, options.notdef_outline = [0, 13, 14], [0x409], False, True
options.drop_tables += ["FFTM", "MATH", "GDEF", "GPOS", "GSUB", "kern", "DSIG", "gasp"]
cutter = subset.Subsetter(options)
cutter.populate(unicodes=[c for a, b in RANGES for c in range(a, b + 1) if c not in WITHOUT])
cutter.subset(font)
shapes = font.getGlyphSet()
for name in font.getGlyphOrder():
    if font["glyf"][name].isComposite():
        seen, pen = DecomposingRecordingPen(shapes), TTGlyphPen(None)
        shapes[name].draw(seen)
        seen.replay(pen)
        font["glyf"][name] = pen.glyph()
for of in font["cmap"].tables[:]:
    if (of.platformID, of.platEncID, of.format) != (3, 1, 4):
        font["cmap"].tables.remove(of)
names = font["name"]
names.names = [one for one in names.names if one.platformID == 3]
for number, text in ((1, "Entrepot Papers"), (2, "Regular"), (4, "Entrepot Papers"), (6, "EntrepotPapers")):
    names.setName(text, number, 3, 1, 0x409)
font["head"].modified = font["head"].created
font.recalcTimestamp = False
font.save(sys.argv[2])
