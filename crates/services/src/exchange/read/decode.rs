//! Any encoding, read as UTF-8. Invalid bytes become the replacement character, by which their row
//! is refused.

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, Encoding};

use super::{
    pipe::{Pipe, spool_to_file},
    unreadable::{Stop, Unreadable},
};
use crate::exchange::core::guess;

const READ_BYTES: usize = 64 << 10;
/// Minimum buffer of a reader: a character may take four bytes, and with less the decoder would
/// make no progress.
pub(super) const MIN_BUFFER_BYTES: usize = 8;
const FALLBACK_ENCODING: &str = "windows-1252";

/// Reader that converts an encoding to UTF-8.
pub struct DecodingReader<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    at: usize,
    end: usize,
    is_over: bool,
    is_flushed: bool,
}

/// Whether the text contains non-ASCII characters in valid UTF-8.
fn has_non_ascii_utf8(text: &mut impl Read) -> io::Result<bool> {
    /// Bytes kept of a character that is split between two reads.
    const MAX_SPLIT_BYTES: usize = 3;
    let mut window: Vec<u8> = Vec::with_capacity(READ_BYTES + MAX_SPLIT_BYTES);
    loop {
        window.drain(..window.len().saturating_sub(MAX_SPLIT_BYTES));
        if text.take(READ_BYTES as u64).read_to_end(&mut window)? == 0 {
            return Ok(false);
        }
        if guess::has_non_ascii_utf8(&window) {
            return Ok(true);
        }
    }
}

/// Opens a text with the given encoding, or the detected one; returns its beginning, decoded, and
/// the name of the encoding.
pub fn open(mut pipe: Pipe, requested_label: Option<&str>) -> Result<(Box<dyn Read>, String, &'static str), Stop> {
    let mut start = Vec::with_capacity(guess::SAMPLE_BYTES);
    (&mut pipe).take(guess::SAMPLE_BYTES as u64).read_to_end(&mut start)?;
    let mut label = requested_label.unwrap_or_else(|| guess::encoding(&start));
    let mut source: Box<dyn Read> = Box::new(io::Cursor::new(start.clone()).chain(pipe));
    // One invalid byte proves nothing: such a text is read to its end before Windows-1252 is
    // assumed.
    if requested_label.is_none() && label == FALLBACK_ENCODING {
        let mut file = spool_to_file(source)?;
        file.seek(SeekFrom::Start(0))?;
        label = if has_non_ascii_utf8(&mut file)? { "utf-8" } else { FALLBACK_ENCODING };
        file.seek(SeekFrom::Start(0))?;
        source = Box::new(file);
    }
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| Unreadable::Broken(format!("{label:?} is no encoding: utf-8, utf-16le and windows-1252 are some")))?;
    let (sample, ..) = encoding.decode(&start);
    let sample = sample.into_owned();
    let decoded = DecodingReader {
        inner: source,
        decoder: encoding.new_decoder_with_bom_removal(),
        input: vec![0; READ_BYTES],
        at: 0,
        end: 0,
        is_over: false,
        is_flushed: false,
    };
    Ok((Box::new(decoded), sample, encoding.name()))
}

impl<R: Read> Read for DecodingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.len() < MIN_BUFFER_BYTES {
            let mut buffer = [0; MIN_BUFFER_BYTES];
            let count = self.decode(&mut buffer)?;
            // A caller with so small a buffer reads byte by byte, and loses nothing only if all
            // bytes fit.
            if count > out.len() {
                return Err(io::Error::other("a reader with less room than a character"));
            }
            out[..count].copy_from_slice(&buffer[..count]);
            return Ok(count);
        }
        self.decode(out)
    }
}

impl<R: Read> DecodingReader<R> {
    fn decode(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.at == self.end && !self.is_over {
                self.end = self.inner.read(&mut self.input)?;
                self.at = 0;
                self.is_over = self.end == 0;
            }
            if self.is_over && self.is_flushed {
                return Ok(0);
            }
            let (result, consumed, count, _) = self.decoder.decode_to_utf8(&self.input[self.at..self.end], out, self.is_over);
            self.at += consumed;
            self.is_flushed = self.is_over && result == CoderResult::InputEmpty;
            if count > 0 || self.is_flushed {
                return Ok(count);
            }
        }
    }
}
