//! XML of workbooks, event by event: no event may be longer than a row, nor elements stand deeper than in any workbook.

use std::io::{self, BufRead, BufReader, Read};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::{
    Stop,
    archive::Part,
    pipe::{self, Unfit, unfit},
};
use crate::files::core::limits::ROW_BYTES;

/// Elements within elements: no part that is read here has a dozen.
const DEEPEST: usize = 64;

/// Bytes of which only so many may be taken before somebody says that more may.
struct Metered<R> {
    inner: BufReader<R>,
    left: usize,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}
impl<R: Read> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.inner.fill_buf()?;
        if self.left == 0 && !bytes.is_empty() {
            return Err(io::Error::other(Unfit(format!("a cell of it is longer than {ROW_BYTES} bytes"))));
        }
        Ok(&bytes[..bytes.len().min(self.left)])
    }
    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        self.inner.consume(count);
    }
}

/// The events of a part, one at a time.
pub(super) struct Xml {
    reader: Reader<Metered<Part>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl Xml {
    pub(super) fn of(part: Part) -> Self {
        let mut reader = Reader::from_reader(Metered { inner: BufReader::with_capacity(64 << 10, part), left: ROW_BYTES });
        let config = reader.config_mut();
        config.check_end_names = false;
        config.expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Event<'_>, Stop> {
        self.buffer.clear();
        self.reader.get_mut().left = ROW_BYTES;
        let event = self.reader.read_event_into(&mut self.buffer).map_err(fault)?;
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::DocType(_) => return Err(unfit("it declares a document type, which no workbook does")),
            _ => {}
        }
        if self.depth > DEEPEST {
            return Err(unfit("its elements stand deeper in each other than in any workbook"));
        }
        Ok(event)
    }

    /// The text up to the end of the element that has just begun, with what stands in elements of it left out.
    pub(super) fn text(&mut self) -> Result<String, Stop> {
        let (mut text, end) = (String::new(), self.depth.saturating_sub(1));
        loop {
            let event = self.next()?;
            match event {
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(part) => match part.resolve_char_ref().map_err(fault)? {
                    Some(letter) => text.push(letter),
                    None => text.push_str(quick_xml::escape::resolve_xml_entity(&part).unwrap_or_default()),
                },
                Event::Eof => return Err(unfit("a part of it ends in the middle")),
                _ => {}
            }
            if text.len() > ROW_BYTES {
                return Err(unfit(format!("a cell of it is longer than {ROW_BYTES} bytes")));
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
        quick_xml::Error::Io(error) => pipe::meant(&error).into(),
        other => unfit(other),
    }
}

/// An attribute by the last part of its name.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, Stop> {
    for found in start.attributes().with_checks(false) {
        let found = found.map_err(unfit)?;
        if found.key.local_name().as_ref() == name {
            return Ok(Some(found.normalized_value(XmlVersion::Implicit1_0).map_err(unfit)?.into_owned()));
        }
    }
    Ok(None)
}
