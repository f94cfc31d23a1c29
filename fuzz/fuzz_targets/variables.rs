#![no_main]

use entrepot::exchange::{
    core::{
        Earnest,
        bulk::{BulkOptions, Keyed, Line, variables},
    },
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options =
        BulkOptions { mutation: String::new(), field: String::new(), keyed: Keyed::ByInput, earnest: Earnest::DryRun };
    let line = Line { number: 1, bytes: Some(bytes.to_vec()) };
    let _ = variables(&line, &options, "exc/1".to_owned());
});
