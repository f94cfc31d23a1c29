//! Files as streams of rows, in constant memory: a thread reads, decodes and parses the input, a
//! few chunks ahead of the job that processes them.

mod archive;
mod book;
mod chunks;
mod decode;
mod jsonl;
mod lines;
mod pipe;
mod table;
mod texts;
mod unreadable;
mod workbook;
mod xml;

use tokio::sync::mpsc;

use super::core::{Format, guess};
use crate::files::Bytestream;
use chunks::{CHANNEL_CHUNKS, Sender};
use unreadable::Stop;

pub use chunks::{ReadMessage, ReadPlan};
pub use lines::{LinesMessage, lines};
pub use pipe::Pipe;
pub use unreadable::Unreadable;

/// Reads a file in a thread, which stops when the receiver is closed.
pub fn records(bytes: Bytestream, is_workbook: bool, plan: ReadPlan) -> mpsc::Receiver<Result<ReadMessage, Unreadable>> {
    let (sender, receiver) = mpsc::channel(CHANNEL_CHUNKS);
    let pipe = Pipe::of(bytes);
    tokio::task::spawn_blocking(move || {
        let last = match read(pipe, is_workbook, plan, &sender) {
            Ok(()) => Ok(ReadMessage::End),
            Err(Stop::Unreadable(error)) => Err(error),
            Err(Stop::Unheard) => return,
        };
        // A closed receiver needs no last message.
        let _ = sender.blocking_send(last);
    });
    receiver
}

fn read(pipe: Pipe, is_workbook: bool, plan: ReadPlan, sender: &Sender) -> Result<(), Stop> {
    if is_workbook {
        return workbook::read(pipe, plan, sender);
    }
    let (text, beginning, encoding) = decode::open(pipe, plan.options.encoding.as_deref())?;
    let format = plan.options.format.unwrap_or_else(|| guess::format(&beginning));
    match format {
        Format::Jsonl => jsonl::read(text, encoding, plan, sender),
        Format::Csv => table::read(text, &beginning, encoding, plan, sender),
        Format::Xlsx | Format::Parquet => Err(Unreadable::Workbook("it is a text".to_owned()).into()),
    }
}
