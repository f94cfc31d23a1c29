#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| entrepot_fuzz::read(input, false));
