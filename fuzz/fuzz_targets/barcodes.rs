#![no_main]

use services::exchange::core::barcodes;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(codes) = barcodes::parse_barcodes(text) {
        assert_eq!(barcodes::parse_barcodes(&barcodes::join_codes(&codes)), Ok(codes));
    }
});
