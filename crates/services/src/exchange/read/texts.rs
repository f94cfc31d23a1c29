//! Shared texts of a workbook's cells. They are stored in unnamed files with a cache of the pages
//! used last: neither their number nor their declared number takes memory.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
};

use quick_xml::events::Event;

use super::{
    archive::Part,
    unreadable::{Stop, invalid_workbook},
    xml::{Xml, attribute},
};
use crate::files::core::limits::ROW_BYTES;

const PAGE_BYTES: usize = 4 << 10;
/// Pages of a file that are in memory.
const CACHED_PAGES: usize = 256;

/// A file that is read here and there.
struct PagedFile {
    file: File,
    pages: Vec<Option<(u64, Vec<u8>)>>,
}

impl PagedFile {
    fn of(file: File) -> Self {
        Self { file, pages: (0..CACHED_PAGES).map(|_| None).collect() }
    }

    fn read(&mut self, mut from: u64, out: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < out.len() {
            let (number, offset) = (from / PAGE_BYTES as u64, (from % PAGE_BYTES as u64) as usize);
            let page = self.page(number)?;
            let part = page.get(offset..).filter(|part| !part.is_empty()).ok_or(io::ErrorKind::UnexpectedEof)?;
            let count = part.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&part[..count]);
            filled += count;
            from += count as u64;
        }
        Ok(())
    }

    fn page(&mut self, number: u64) -> io::Result<&[u8]> {
        let slot = &mut self.pages[(number % CACHED_PAGES as u64) as usize];
        if slot.as_ref().is_none_or(|(cached_number, _)| *cached_number != number) {
            let mut bytes = Vec::with_capacity(PAGE_BYTES);
            self.file.seek(SeekFrom::Start(number * PAGE_BYTES as u64))?;
            (&mut self.file).take(PAGE_BYTES as u64).read_to_end(&mut bytes)?;
            *slot = Some((number, bytes));
        }
        Ok(slot.as_ref().map_or(&[], |(_, bytes)| bytes.as_slice()))
    }
}

/// Texts by their number.
pub(super) struct SharedStrings {
    bytes: PagedFile,
    /// End offsets of the texts, eight bytes each.
    ends: PagedFile,
    count: u64,
}

impl SharedStrings {
    /// Returns the empty texts of a workbook without shared texts.
    pub(super) fn empty() -> Result<Self, Stop> {
        Ok(Self { bytes: PagedFile::of(tempfile::tempfile()?), ends: PagedFile::of(tempfile::tempfile()?), count: 0 })
    }

    pub(super) fn read(part: Part) -> Result<Self, Stop> {
        let (mut bytes, mut ends) = (BufWriter::new(tempfile::tempfile()?), BufWriter::new(tempfile::tempfile()?));
        let (mut xml, mut count, mut end) = (Xml::of(part), 0, 0);
        loop {
            match xml.next()? {
                Event::Start(start) if start.local_name().as_ref() == "si" => {
                    let text = read_rich_text(&mut xml)?;
                    bytes.write_all(text.as_bytes())?;
                    end += text.len() as u64;
                    ends.write_all(&end.to_le_bytes())?;
                    count += 1;
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let file = |writer: BufWriter<File>| writer.into_inner().map_err(|error| Stop::from(error.into_error()));
        Ok(Self { bytes: PagedFile::of(file(bytes)?), ends: PagedFile::of(file(ends)?), count })
    }

    pub(super) fn get(&mut self, number: u64) -> Result<String, Stop> {
        if number >= self.count {
            return Err(invalid_workbook("a cell of it refers to a missing text"));
        }
        let from = if number == 0 { 0 } else { self.end(number - 1)? };
        let mut bytes = vec![0; (self.end(number)? - from) as usize];
        self.bytes.read(from, &mut bytes)?;
        String::from_utf8(bytes).map_err(invalid_workbook)
    }

    fn end(&mut self, number: u64) -> Result<u64, Stop> {
        let mut end = [0; 8];
        self.ends.read(number * 8, &mut end)?;
        Ok(u64::from_le_bytes(end))
    }
}

/// The text of the element that has just begun: of its runs, without phonetic hints.
pub(super) fn read_rich_text(xml: &mut Xml) -> Result<String, Stop> {
    let (mut text, end, mut phonetic_depth) = (String::new(), xml.depth().saturating_sub(1), None);
    loop {
        let depth = xml.depth();
        match xml.next()? {
            Event::Start(start) if start.local_name().as_ref() == "rPh" => {
                phonetic_depth.get_or_insert(depth);
            }
            Event::Start(start) if start.local_name().as_ref() == "t" && phonetic_depth.is_none() => {
                let preserves_space = attribute(&start, "space")?.as_deref() == Some("preserve");
                let run = xml.text()?;
                let run = if preserves_space { run.as_str() } else { run.trim_matches([' ', '\t', '\r', '\n']) };
                text.push_str(&unescape(run));
            }
            Event::Eof => return Err(invalid_workbook("a part of it ends in the middle")),
            _ => {}
        }
        if text.len() > ROW_BYTES {
            return Err(invalid_workbook(format!("a cell of it is longer than {ROW_BYTES} bytes")));
        }
        if phonetic_depth.is_some_and(|phonetic_depth| xml.depth() <= phonetic_depth) {
            phonetic_depth = None;
        }
        if xml.depth() <= end {
            return Ok(text);
        }
    }
}

/// Excel writes characters that XML does not allow as _x000D_, in units of UTF-16, and escapes a
/// text of that form with _x005F_ before it.
pub(super) fn unescape(text: &str) -> String {
    const LENGTH: usize = 7;
    let utf16_unit = |from: usize| {
        let word = text.get(from..from + LENGTH)?.strip_prefix("_x")?.strip_suffix('_')?;
        let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u16::from_str_radix(word, 16).ok()).flatten()
    };
    let (mut output, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(index) = text[at..].find("_x").map(|index| index + at) {
        let Some(first) = utf16_unit(index) else {
            output.push_str(&text[at..=index]);
            at = index + 1;
            continue;
        };
        output.push_str(&text[at..index]);
        at = index + LENGTH;
        let second = utf16_unit(at).filter(|second| (0xD800..0xDC00).contains(&first) && (0xDC00..0xE000).contains(second));
        at += if second.is_some() { LENGTH } else { 0 };
        output.extend(char::decode_utf16([first].into_iter().chain(second)).map(|character| character.unwrap_or('\u{fffd}')));
    }
    output.push_str(&text[at..]);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_say_is_read_as_excel_writes_it() {
        for (written, read) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x0041_", "_x0041_"),
            ("a_x0041_b", "aAb"),
            ("_xD83D__xDCF7_", "\u{1f4f7}"),
            ("_xD83D_x", "\u{fffd}x"),
            ("_x00ZZ_ _x_ é_x", "_x00ZZ_ _x_ é_x"),
            ("plain", "plain"),
        ] {
            assert_eq!(unescape(written), read, "{written}");
        }
    }
}
