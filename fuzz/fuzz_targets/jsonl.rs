#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((choice, lines)) = input.split_first() {
        // A brace at the beginning marks lines of JSON.
        entrepot_fuzz::read(&[&[*choice], b"{}\n".as_slice(), lines].concat(), false);
    }
});
