//! Metadata of a workbook: the part of its first sheet, the part of its texts, and the cell styles
//! that are dates.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::{
    archive::{Archive, Part},
    unreadable::{Stop, invalid_workbook},
    xml::{Xml, attribute},
};
use crate::files::core::limits::{WORKBOOK_BOOK_BYTES, WORKBOOK_STYLES, WORKBOOK_STYLES_BYTES, WORKBOOK_TEXT_BYTES};

/// Paths of the parts that are read.
pub(super) struct Book {
    pub(super) sheet: String,
    texts: String,
    styles: String,
    /// Days are counted from 1904, as on old Macs.
    pub(super) is_1904: bool,
}

/// A relation of a part to another one.
struct Relationship {
    id: String,
    kind: String,
    target: String,
}

/// Returns the relations of a part that `is_wanted` accepts.
fn relationships(
    archive: &Archive,
    part_name: &str,
    mut is_wanted: impl FnMut(&Relationship) -> bool,
) -> Result<Vec<Relationship>, Stop> {
    /// More than anybody looks for.
    const MAX: usize = 16;
    let (folder, name) = part_name.rsplit_once('/').map_or(("", part_name), |(folder, name)| (folder, name));
    let path = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
    let mut relations = Vec::new();
    let Some(part) = archive.part(&path, WORKBOOK_BOOK_BYTES)? else { return Ok(relations) };
    let mut xml = Xml::of(part);
    loop {
        match xml.next()? {
            Event::Start(start) if start.local_name().as_ref() == "Relationship" => {
                let attribute_of = |name: &str| attribute(&start, name).map(Option::unwrap_or_default);
                let relation = Relationship {
                    id: attribute_of("Id")?,
                    kind: attribute_of("Type")?,
                    target: resolve_target(folder, &attribute_of("Target")?),
                };
                if relations.len() < MAX && is_wanted(&relation) {
                    relations.push(relation);
                }
            }
            Event::Eof => return Ok(relations),
            _ => {}
        }
    }
}

/// A target as a path in the archive: from its root, or from the folder of the part that refers to
/// it.
fn resolve_target(folder: &str, target: &str) -> String {
    let path = if target.starts_with('/') { target.to_owned() } else { format!("{folder}/{target}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The relation of the first sheet, and whether days are counted from 1904.
fn first_sheet(part: Part) -> Result<(String, bool), Stop> {
    let (mut xml, mut sheet, mut is_1904) = (Xml::of(part), None, false);
    loop {
        match xml.next()? {
            Event::Start(start) if start.local_name().as_ref() == "sheet" && sheet.is_none() => {
                sheet = Some(attribute(&start, "id")?.ok_or_else(|| invalid_workbook("its first sheet is missing"))?);
            }
            Event::Start(start) if start.local_name().as_ref() == "workbookPr" => {
                is_1904 |= attribute(&start, "date1904")?.is_some_and(|value| value == "1" || value == "true");
            }
            Event::Eof => return Ok((sheet.ok_or_else(|| invalid_workbook("it has no sheet"))?, is_1904)),
            _ => {}
        }
    }
}

impl Book {
    pub(super) fn open(archive: &Archive) -> Result<Self, Stop> {
        let book = relationships(archive, "", |relation| relation.kind.ends_with("/officeDocument"))?;
        let book = book.into_iter().next().map_or_else(|| "xl/workbook.xml".to_owned(), |relation| relation.target);
        let part = archive.part(&book, WORKBOOK_BOOK_BYTES)?.ok_or_else(|| invalid_workbook("it has no workbook in it"))?;
        let (first, is_1904) = first_sheet(part)?;
        let relations = relationships(archive, &book, |relation| {
            relation.id == first || ["/sharedStrings", "/styles"].iter().any(|kind| relation.kind.ends_with(kind))
        })?;
        let sheet = relations
            .iter()
            .find(|relation| relation.id == first)
            .ok_or_else(|| invalid_workbook("its first sheet is missing"))?;
        if !sheet.kind.ends_with("/worksheet") {
            return Err(invalid_workbook("its first sheet has no cells"));
        }
        let target_of_kind = |kind: &str, default_target: &str| {
            let declared =
                relations.iter().find(|relation| relation.kind.ends_with(kind)).map(|relation| relation.target.clone());
            declared.unwrap_or_else(|| resolve_target(book.rsplit_once('/').map_or("", |(folder, _)| folder), default_target))
        };
        let (texts, styles) = (target_of_kind("/sharedStrings", "sharedStrings.xml"), target_of_kind("/styles", "styles.xml"));
        Ok(Self { sheet: sheet.target.clone(), texts, styles, is_1904 })
    }

    pub(super) fn texts(&self, archive: &Archive) -> Result<Option<Part>, Stop> {
        archive.part(&self.texts, WORKBOOK_TEXT_BYTES)
    }

    /// Whether a number is a moment, by the style of its cell.
    pub(super) fn moments(&self, archive: &Archive) -> Result<Vec<bool>, Stop> {
        let (mut formats, mut styles) = (HashMap::new(), Vec::new());
        let Some(part) = archive.part(&self.styles, WORKBOOK_STYLES_BYTES)? else { return Ok(styles) };
        let (mut xml, mut formats_depth) = (Xml::of(part), None);
        loop {
            let depth = xml.depth();
            match xml.next()? {
                Event::Start(start) if start.local_name().as_ref() == "numFmt" => {
                    if let (Some(id), Some(code)) = (attribute(&start, "numFmtId")?, attribute(&start, "formatCode")?)
                        && let Ok(id) = id.parse::<u32>()
                    {
                        formats.insert(id, is_date_format(&code));
                    }
                }
                Event::Start(start) if start.local_name().as_ref() == "cellXfs" => formats_depth = Some(depth),
                Event::Start(start) if start.local_name().as_ref() == "xf" && formats_depth.is_some() => {
                    let id = attribute(&start, "numFmtId")?.and_then(|id| id.parse::<u32>().ok()).unwrap_or_default();
                    styles.push(formats.get(&id).copied().unwrap_or_else(|| is_builtin_date_format(id)));
                }
                Event::Eof => return Ok(styles),
                _ => {}
            }
            if formats_depth.is_some_and(|formats_depth| xml.depth() <= formats_depth) {
                formats_depth = None;
            }
            if formats.len().max(styles.len()) > WORKBOOK_STYLES {
                return Err(invalid_workbook(format!("it has more than {WORKBOOK_STYLES} styles")));
            }
        }
    }
}

/// The formats that need no code: dates and times, not durations.
fn is_builtin_date_format(id: u32) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45 | 47 | 50..=58)
}

/// Whether a format's first part shows a date or a time: it has a letter of one outside of quotes, brackets and escapes.
fn is_date_format(code: &str) -> bool {
    let (mut is_quoted, mut brackets, mut characters) = (false, 0_usize, code.chars());
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '\\' | '_' | '*' => drop(characters.next()),
            ';' => return false,
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            'd' | 'D' | 'm' | 'M' | 'h' | 'H' | 'y' | 'Y' | 's' | 'S' if brackets == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_by_their_format() {
        for code in [
            "DD/MM/YY",
            "H:MM:SS;@",
            "m\"M\"d\"D\";@",
            "[$-404]e\"\u{fc}\"m\"\u{fc}\"d\"\u{fc}\"",
            "yyyy-mm-dd hh:mm:ss",
            "dd.mm.yyyy",
        ] {
            assert!(is_date_format(code), "{code}");
        }
        for code in [
            "0.00",
            "#,##0.0####\" YMD\"",
            "\\Y000000",
            "0_ ;[Red]\\-0\\ ",
            "\"$\"#,##0_);[Red](\"$\"#,##0)",
            "[h]",
            "General",
            "@",
        ] {
            assert!(!is_date_format(code), "{code}");
        }
        assert!(
            is_builtin_date_format(14) && is_builtin_date_format(22) && !is_builtin_date_format(2) && !is_builtin_date_format(49)
        );
    }

    #[test]
    fn targets_are_places_in_the_archive() {
        for (folder, target, place) in [
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "../../../etc/passwd", "etc/passwd"),
            ("", "xl/./workbook.xml", "xl/workbook.xml"),
        ] {
            assert_eq!(resolve_target(folder, target), place);
        }
    }
}
