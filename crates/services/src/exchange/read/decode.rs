//! Any encoding, read as UTF-8. What is no letter of it becomes the replacement character, by which its row is refused.

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, Encoding};

use super::{Pipe, Stop, Unreadable, pipe::landed};
use crate::exchange::core::guess;

const PART: usize = 64 << 10;
/// The least room that a reader gives: a character may take four bytes, and with less the decoder would never get on.
pub(super) const ROOM: usize = 8;
const OLD: &str = "windows-1252";

/// UTF-8 out of whatever it was.
pub struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    at: usize,
    end: usize,
    is_over: bool,
    is_flushed: bool,
}

/// Whether there are letters anywhere in the text that only UTF-8 writes so.
fn has_wide_letters(text: &mut impl Read) -> io::Result<bool> {
    /// Of a letter that is read in two parts.
    const KEPT: usize = 3;
    let mut window: Vec<u8> = Vec::with_capacity(PART + KEPT);
    loop {
        window.drain(..window.len().saturating_sub(KEPT));
        if text.take(PART as u64).read_to_end(&mut window)? == 0 {
            return Ok(false);
        }
        if guess::has_wide_letters(&window) {
            return Ok(true);
        }
    }
}

/// Opens a text: with the encoding that was named, or the one that it shows; its beginning, decoded; what the encoding is called.
pub fn open(mut pipe: Pipe, named: Option<&str>) -> Result<(Box<dyn Read>, String, &'static str), Stop> {
    let mut start = Vec::with_capacity(guess::LOOK);
    (&mut pipe).take(guess::LOOK as u64).read_to_end(&mut start)?;
    let mut label = named.unwrap_or_else(|| guess::encoding(&start));
    let mut whole: Box<dyn Read> = Box::new(io::Cursor::new(start.clone()).chain(pipe));
    // One byte is no proof: such a text is read to its end before it is believed to be an old one.
    if named.is_none() && label == OLD {
        let mut file = landed(whole)?;
        file.seek(SeekFrom::Start(0))?;
        label = if has_wide_letters(&mut file)? { "utf-8" } else { OLD };
        file.seek(SeekFrom::Start(0))?;
        whole = Box::new(file);
    }
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| Unreadable::Broken(format!("{label:?} is no encoding: utf-8, utf-16le and windows-1252 are some")))?;
    let (beginning, ..) = encoding.decode(&start);
    let beginning = beginning.into_owned();
    let decoded = Decoded {
        inner: whole,
        decoder: encoding.new_decoder_with_bom_removal(),
        input: vec![0; PART],
        at: 0,
        end: 0,
        is_over: false,
        is_flushed: false,
    };
    Ok((Box::new(decoded), beginning, encoding.name()))
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.len() < ROOM {
            let mut few = [0; ROOM];
            let count = self.decode(&mut few)?;
            // Whoever reads this way reads byte by byte, and loses nothing only when all fits.
            if count > out.len() {
                return Err(io::Error::other("a reader with less room than a character"));
            }
            out[..count].copy_from_slice(&few[..count]);
            return Ok(count);
        }
        self.decode(out)
    }
}

impl<R: Read> Decoded<R> {
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
            let (result, read, written, _) = self.decoder.decode_to_utf8(&self.input[self.at..self.end], out, self.is_over);
            self.at += read;
            self.is_flushed = self.is_over && result == CoderResult::InputEmpty;
            if written > 0 || self.is_flushed {
                return Ok(written);
            }
        }
    }
}
