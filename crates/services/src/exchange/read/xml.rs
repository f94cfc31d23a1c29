//! XML of workbooks, event by event: no event may be longer than a row, and no elements nested
//! deeper than in any workbook.

use std::io::{self, BufRead, BufReader, Read};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::{
    archive::Part,
    unreadable::{InvalidWorkbook, Stop, convert_error, invalid_workbook},
};
use crate::files::core::limits::ROW_BYTES;

/// Elements within elements: no part that is read here has a dozen.
const MAX_DEPTH: usize = 64;

/// Reader that fails after `remaining` bytes; `remaining` is reset for each event.
struct LimitedReader<R> {
    inner: BufReader<R>,
    remaining: usize,
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}
impl<R: Read> BufRead for LimitedReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.inner.fill_buf()?;
        if self.remaining == 0 && !bytes.is_empty() {
            return Err(io::Error::other(InvalidWorkbook(format!("a cell of it is longer than {ROW_BYTES} bytes"))));
        }
        Ok(&bytes[..bytes.len().min(self.remaining)])
    }
    fn consume(&mut self, count: usize) {
        self.remaining = self.remaining.saturating_sub(count);
        self.inner.consume(count);
    }
}

/// The events of a part, one at a time.
pub(super) struct Xml {
    reader: Reader<LimitedReader<Part>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl Xml {
    pub(super) fn of(part: Part) -> Self {
        let mut reader =
            Reader::from_reader(LimitedReader { inner: BufReader::with_capacity(64 << 10, part), remaining: ROW_BYTES });
        let config = reader.config_mut();
        config.check_end_names = false;
        config.expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Event<'_>, Stop> {
        self.buffer.clear();
        self.reader.get_mut().remaining = ROW_BYTES;
        let event = self.reader.read_event_into(&mut self.buffer).map_err(fault)?;
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::DocType(_) => return Err(invalid_workbook("it declares a document type, which no workbook does")),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(invalid_workbook("its elements are nested more deeply than in any workbook"));
        }
        Ok(event)
    }

    /// The text up to the end of the element that has just begun, without the text of nested
    /// elements.
    pub(super) fn text(&mut self) -> Result<String, Stop> {
        let (mut text, end) = (String::new(), self.depth.saturating_sub(1));
        loop {
            let event = self.next()?;
            match event {
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(part) => match part.resolve_char_ref().map_err(fault)? {
                    Some(character) => text.push(character),
                    None => text.push_str(quick_xml::escape::resolve_xml_entity(&part).unwrap_or_default()),
                },
                Event::Eof => return Err(invalid_workbook("a part of it ends in the middle")),
                _ => {}
            }
            if text.len() > ROW_BYTES {
                return Err(invalid_workbook(format!("a cell of it is longer than {ROW_BYTES} bytes")));
            }
            if self.depth == end {
                return Ok(text);
            }
        }
    }

    /// Elements that are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }
}

fn fault(error: quick_xml::Error) -> Stop {
    match error {
        quick_xml::Error::Io(error) => convert_error(&error).into(),
        other => invalid_workbook(other),
    }
}

/// An attribute by the last part of its name.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, Stop> {
    for attribute_item in start.attributes().with_checks(false) {
        let attribute_item = attribute_item.map_err(invalid_workbook)?;
        if attribute_item.key.local_name().as_ref() == name {
            return Ok(Some(attribute_item.normalized_value(XmlVersion::Implicit1_0).map_err(invalid_workbook)?.into_owned()));
        }
    }
    Ok(None)
}
