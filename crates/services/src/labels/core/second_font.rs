//! The second font of PDFs, for characters that Helvetica lacks: Latin, Greek and Cyrillic of
//! DejaVu Sans Condensed. A file contains the glyphs that its texts use, and a table from glyphs to
//! characters, so that its texts can be found and copied.

use std::{fmt::Write, iter::once, sync::LazyLock};

/// Written by `fonts/make.py` of this crate, under the licence beside it: no glyph has components
/// or hints, and each has its own width.
const FONT: &[u8] = include_bytes!("../../../fonts/papers.ttf");
/// Units of the font per em.
const EM: usize = 2_048;
/// Maximum entries of a block in a table of characters.
const BLOCK: usize = 100;
const INFO: &str = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>";

/// The tables of the font that files need.
struct Tables {
    cmap: &'static [u8],
    glyf: &'static [u8],
    head: &'static [u8],
    hhea: &'static [u8],
    hmtx: &'static [u8],
    loca: &'static [u8],
    maxp: &'static [u8],
}

static TABLES: LazyLock<Option<Tables>> = LazyLock::new(Tables::read);

/// A number of two bytes.
fn read_u16(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(pair)))
}

/// A number of four bytes.
fn read_u32(bytes: &[u8], at: usize) -> Option<usize> {
    let four_bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four_bytes)).ok()
}

impl Tables {
    fn read() -> Option<Self> {
        let count = read_u16(FONT, 4)?;
        let table = |tag: &[u8]| {
            let entry = (0..count).map(|nth| 12 + nth * 16).find(|at| FONT.get(*at..*at + 4) == Some(tag))?;
            let (from, length) = (read_u32(FONT, entry + 8)?, read_u32(FONT, entry + 12)?);
            FONT.get(from..from + length)
        };
        Some(Self {
            cmap: table(b"cmap")?,
            glyf: table(b"glyf")?,
            head: table(b"head")?,
            hhea: table(b"hhea")?,
            hmtx: table(b"hmtx")?,
            loca: table(b"loca")?,
            maxp: table(b"maxp")?,
        })
    }

    /// Returns the number of a character's glyph, from ranges of characters in ascending order
    /// (format 4 of the table).
    fn glyph(&self, sign: char) -> Option<usize> {
        let code = usize::try_from(u32::from(sign)).ok()?;
        let table = self.cmap.get(read_u32(self.cmap, 8)?..)?;
        let size = read_u16(table, 6)?;
        let end = (14..14 + size).step_by(2).find(|at| read_u16(table, *at).is_some_and(|last| last >= code))?;
        let offset_at = end + 2 + size * 3;
        let (first, delta, offset) =
            (read_u16(table, end + 2 + size)?, read_u16(table, end + 2 + size * 2)?, read_u16(table, offset_at)?);
        let from_start = code.checked_sub(first)?;
        let glyph = match offset {
            0 => code + delta,
            _ => match read_u16(table, offset_at + offset + from_start * 2)? {
                0 => return None,
                glyph => glyph + delta,
            },
        };
        Some(glyph % 65_536).filter(|glyph| *glyph > 0)
    }

    /// Returns the width of a glyph in thousandths of the font size.
    fn width(&self, glyph: usize) -> u32 {
        let units = read_u16(self.hmtx, glyph * 4).unwrap_or(EM);
        u32::try_from((units * 1_000 + EM / 2) / EM).unwrap_or(1_000)
    }

    /// Returns the bytes of a glyph; none for a space.
    fn shape(&self, glyph: usize) -> &'static [u8] {
        let glyph_offset = |at: usize| read_u32(self.loca, at * 4);
        let range = glyph_offset(glyph).zip(glyph_offset(glyph + 1));
        range.and_then(|(from, to)| self.glyf.get(from..to)).unwrap_or_default()
    }

    /// Returns a font with the glyphs of these characters, numbered from 1; 0 is the glyph for
    /// missing characters.
    fn subset(&self, signs: &[char]) -> Vec<u8> {
        let (mut glyf, mut loca, mut hmtx) = (Vec::new(), vec![0; 4], Vec::new());
        for glyph in once(0).chain(signs.iter().map(|sign| self.glyph(*sign).unwrap_or(0))) {
            glyf.extend_from_slice(self.shape(glyph));
            pad_to_four(&mut glyf);
            loca.extend_from_slice(&u32_bytes(glyf.len()));
            hmtx.extend_from_slice(self.hmtx.get(glyph * 4..glyph * 4 + 4).unwrap_or(&[0; 4]));
        }
        let count = u16::try_from(signs.len() + 1).unwrap_or(u16::MAX);
        let (hhea, maxp) = (with_glyph_count(self.hhea, 34, count), with_glyph_count(self.maxp, 4, count));
        let tables =
            [(b"glyf", glyf), (b"head", self.head.to_vec()), (b"hhea", hhea), (b"hmtx", hmtx), (b"loca", loca), (b"maxp", maxp)];
        // Header: version 1, six tables, and the three search numbers that follow from six.
        let mut out = vec![0, 1, 0, 0, 0, 6, 0, 64, 0, 2, 0, 32];
        let mut offset = 12 + tables.len() * 16;
        for (tag, table) in &tables {
            out.extend_from_slice(tag.as_slice());
            out.extend_from_slice(&checksum(table).to_be_bytes());
            out.extend_from_slice(&u32_bytes(offset));
            out.extend_from_slice(&u32_bytes(table.len()));
            offset += table.len().next_multiple_of(4);
        }
        for (_, table) in tables {
            out.extend(table);
            pad_to_four(&mut out);
        }
        out
    }
}

fn pad_to_four(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn u32_bytes(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes()
}

/// Returns a table with another number of glyphs.
fn with_glyph_count(table: &[u8], at: usize, count: u16) -> Vec<u8> {
    let mut out = table.to_vec();
    if let Some(bytes) = out.get_mut(at..at + 2) {
        bytes.copy_from_slice(&count.to_be_bytes());
    }
    out
}

fn checksum(table: &[u8]) -> u32 {
    let word =
        |bytes: &[u8]| (0..4_usize).fold(0_u32, |sum, at| (sum << 8) | u32::from(bytes.get(at).copied().unwrap_or_default()));
    table.chunks(4).fold(0_u32, |sum, bytes| sum.wrapping_add(word(bytes)))
}

/// Returns the width of a character in thousandths of the font size; `None` if the font lacks it.
pub(super) fn width(sign: char) -> Option<u32> {
    let tables = TABLES.as_ref()?;
    tables.glyph(sign).map(|glyph| tables.width(glyph))
}

/// The characters of a file that are in this font, in the order of their numbers, which begin with
/// 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsedCharacters(Vec<char>);

impl UsedCharacters {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a text by the numbers of its characters, as an operand of PDF.
    pub(super) fn operand(&mut self, signs: &[char]) -> String {
        let mut out = String::with_capacity(signs.len() * 4 + 2);
        out.push('<');
        for sign in signs {
            let index = self.0.iter().position(|used_sign| used_sign == sign).unwrap_or_else(|| {
                self.0.push(*sign);
                self.0.len() - 1
            });
            let _ = write!(out, "{:04x}", index + 1);
        }
        out.push('>');
        out
    }

    /// Returns the font's objects of a file; pages refer to the first. Empty if no text uses the
    /// font.
    pub(super) fn objects(&self, first: usize) -> Vec<String> {
        let Some(tables) = TABLES.as_ref().filter(|_| !self.is_empty()) else { return Vec::new() };
        let (name, font) = (self.name(), hex::encode(tables.subset(&self.0)));
        let widths: Vec<String> = self.0.iter().map(|sign| width(*sign).unwrap_or(1_000).to_string()).collect();
        let character_map = self.to_unicode_map();
        vec![
            format!(
                "<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{} 0 R] /ToUnicode {} 0 R >>",
                first + 1,
                first + 4
            ),
            format!(
                "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} {INFO} /FontDescriptor {} 0 R /CIDToGIDMap /Identity /W [1 [{}]] >>",
                first + 2,
                widths.join(" ")
            ),
            format!(
                "<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [-699 -261 1513 1068] /ItalicAngle 0 /Ascent 928 \
                 /Descent -236 /CapHeight 729 /StemV 80 /FontFile2 {} 0 R >>",
                first + 3
            ),
            format!(
                "<< /Filter /ASCIIHexDecode /Length {} /Length1 {} >>\nstream\n{font}>\nendstream",
                font.len() + 1,
                font.len() / 2
            ),
            format!("<< /Length {} >>\nstream\n{character_map}endstream", character_map.len()),
        ]
    }

    /// Returns a name for this set of characters, since readers that join files expect different
    /// names for different subsets.
    fn name(&self) -> String {
        let mut hash = self.0.iter().fold(7_u64, |sum, sign| sum.wrapping_mul(31).wrapping_add(u64::from(*sign)));
        let tag: String = (0..6)
            .map(|_| {
                let letter = (b'A'..=b'Z').nth((hash % 26) as usize).unwrap_or(b'A');
                hash /= 26;
                char::from(letter)
            })
            .collect();
        format!("{tag}+EntrepotPapers")
    }

    /// Returns the table from glyph numbers to characters (ToUnicode).
    fn to_unicode_map(&self) -> String {
        let mut out = format!(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n{INFO} def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
             1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        );
        for (block, signs) in self.0.chunks(BLOCK).enumerate() {
            let _ = writeln!(out, "{} beginbfchar", signs.len());
            for (at, sign) in (1..).zip(signs) {
                let _ = writeln!(out, "<{:04x}> <{:04x}>", block * BLOCK + at, u32::from(*sign));
            }
            out.push_str("endbfchar\n");
        }
        out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_the_letters_of_europe_and_vietnam_and_no_others() {
        for text in ["Ευχαριστούμε Ἑλλάς", "Дякуємо, Њујорк, Ғалым", "Łódź İstanbul Đặng Ș ẞ", "№ 7 ₺ ₽ ₫ ₴ € – „“…"]
        {
            assert!(text.chars().all(|sign| width(sign).is_some_and(|wide| wide > 0)), "{text}");
        }
        for sign in ['漢', 'あ', '한', 'ع', 'א', 'ก', '🙂', '\u{e000}', '\u{ffff}', '\u{301}', '\n'] {
            assert_eq!(width(sign), None, "{sign}");
        }
    }

    #[test]
    fn a_file_carries_the_shapes_of_its_own_signs() {
        let mut used = UsedCharacters::default();
        assert_eq!((used.operand(&['Ж', 'α', 'Ж']), used.objects(6).len()), ("<000100020001>".to_owned(), 5));
        let tables = TABLES.as_ref().unwrap();
        let cut = tables.subset(&used.0);
        // The glyph offsets are the fifth table: 0, then the end of each of three glyphs.
        let (places, length) = (read_u32(&cut, 12 + 4 * 16 + 8).unwrap(), read_u32(&cut, 12 + 4 * 16 + 12).unwrap());
        assert_eq!((&cut[12 + 4 * 16..12 + 4 * 16 + 4], length), (b"loca".as_slice(), 16));
        let (glyf, from) = (read_u32(&cut, 12 + 8).unwrap(), read_u32(&cut, places + 4).unwrap());
        let shape = tables.shape(tables.glyph('Ж').unwrap());
        assert!(!shape.is_empty() && cut[glyf + from..].starts_with(shape));
        assert_eq!(read_u16(&cut, read_u32(&cut, 12 + 5 * 16 + 8).unwrap() + 4), Some(3));
        assert!(cut.len() < 4_000, "{} bytes", cut.len());
        let objects = used.objects(6);
        assert!(objects[0].contains("[7 0 R] /ToUnicode 10 0 R"), "{}", objects[0]);
        assert!(objects[4].contains("2 beginbfchar\n<0001> <0416>\n<0002> <03b1>\nendbfchar"), "{}", objects[4]);
    }

    #[test]
    fn a_file_without_such_signs_has_no_second_font() {
        assert_eq!(UsedCharacters::default().objects(6), Vec::<String>::new());
    }
}
