//! Raw lines of a file, sent to a receiver.

use std::io::{BufRead, BufReader, Read};

use tokio::sync::mpsc;

use super::{
    chunks::CHANNEL_CHUNKS,
    pipe::Pipe,
    unreadable::{Unreadable, convert_error},
};
use crate::{
    exchange::core::bulk::Line,
    files::Bytestream,
    files::core::limits::{CHUNK_BYTES, ROW_BYTES},
};

/// Message of a reader of lines.
#[derive(Debug)]
pub enum LinesMessage {
    /// Some lines that are not blank, in order.
    Lines(Vec<Line>),
    /// All lines have been sent: without this message the reader failed.
    End,
}

/// Reads the lines after number `after` in a thread, and sends them `at_once` at a time.
pub fn lines(bytes: Bytestream, after: i64, at_once: usize) -> mpsc::Receiver<Result<LinesMessage, Unreadable>> {
    let (sender, receiver) = mpsc::channel(CHANNEL_CHUNKS);
    let text = BufReader::with_capacity(64 << 10, Pipe::of(bytes));
    tokio::task::spawn_blocking(move || {
        let send_lines = |lines| sender.blocking_send(Ok(LinesMessage::Lines(lines))).is_ok();
        let last = match read(text, after, at_once, send_lines) {
            Ok(true) => Ok(LinesMessage::End),
            // The receiver is closed: nothing is sent.
            Ok(false) => return,
            Err(error) => Err(convert_error(&error)),
        };
        let _ = sender.blocking_send(last);
    });
    receiver
}

/// Returns whether the receiver stayed open to the end.
fn read(mut text: impl BufRead, after: i64, at_once: usize, send_lines: impl Fn(Vec<Line>) -> bool) -> std::io::Result<bool> {
    let (mut number, mut lines, mut size) = (0, Vec::new(), 0);
    while let Some(Next(bytes)) = next(&mut text)? {
        number += 1;
        let is_blank = bytes.as_ref().is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace));
        if number <= after || is_blank {
            continue;
        }
        size += bytes.as_ref().map_or(0, Vec::len);
        lines.push(Line { number, bytes });
        if lines.len() >= at_once || size >= CHUNK_BYTES {
            size = 0;
            if !send_lines(std::mem::take(&mut lines)) {
                return Ok(false);
            }
        }
    }
    Ok(lines.is_empty() || send_lines(lines))
}

/// A line without its line end; None if it is too long.
struct Next(Option<Vec<u8>>);

/// The next line; None at the end of the file.
fn next(text: &mut impl BufRead) -> std::io::Result<Option<Next>> {
    let mut bytes = Vec::new();
    if text.by_ref().take(ROW_BYTES as u64 + 1).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() <= ROW_BYTES {
        return Ok(Some(Next(Some(bytes))));
    }
    // The rest of the line is skipped in pieces: it may be the whole file.
    while bytes.last() != Some(&b'\n') {
        bytes.clear();
        if text.by_ref().take(ROW_BYTES as u64).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
    }
    Ok(Some(Next(None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers_and_long_ones_are_left_out() {
        let long = "x".repeat(3 * ROW_BYTES);
        let text = format!("one\n\n  \r\n{long}\nfive\r\nsix");
        let said = std::cell::RefCell::new(Vec::new());
        let all = |after, at_once| {
            said.borrow_mut().clear();
            let heard = |lines: Vec<Line>| {
                said.borrow_mut().push(lines.iter().map(|line| (line.number, line.bytes.is_some())).collect::<Vec<_>>());
                true
            };
            assert!(read(text.as_bytes(), after, at_once, heard).unwrap());
            said.borrow().clone()
        };
        assert_eq!(all(0, 2), [vec![(1, true), (4, false)], vec![(5, true), (6, true)]]);
        assert_eq!(all(4, 2), [vec![(5, true), (6, true)]]);
        assert_eq!(all(6, 2), Vec::<Vec<(i64, bool)>>::new());
        assert!(!read(text.as_bytes(), 0, 1, |_| false).unwrap(), "nobody listens");
    }
}
