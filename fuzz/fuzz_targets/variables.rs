#![no_main]

use entrepot_fuzz::{runtime, streamed};
use services::exchange::{
    core::{
        WriteMode,
        bulk::{BulkOptions, Keyed, variables},
    },
    read::{LinesMessage, lines},
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = BulkOptions { mutation: String::new(), field: "f".to_owned(), keyed: Keyed::ByInput, earnest: WriteMode::DryRun };
    runtime().block_on(async {
        let mut reading = lines(streamed(bytes), 0, 7);
        loop {
            match reading.recv().await.expect("a reader that ends says so") {
                Ok(LinesMessage::Lines(found)) => found.iter().for_each(|line| drop(variables(line, &options, "exc/1".to_owned()))),
                Ok(LinesMessage::End) | Err(_) => return,
            }
        }
    });
});
