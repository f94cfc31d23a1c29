#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entrepot_fuzz::read(&[b"sku,name,price,barcodes,metadata\n", bytes].concat(), false));
