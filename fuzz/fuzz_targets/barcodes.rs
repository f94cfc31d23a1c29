#![no_main]

use services::exchange::core::barcodes;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(codes) = barcodes::read(text) {
        assert_eq!(barcodes::read(&barcodes::join_codes(&codes)), Ok(codes));
    }
});
