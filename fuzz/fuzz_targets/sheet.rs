#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((choice, parts)) = input.split_first() {
        entrepot_fuzz::read(&[vec![*choice], entrepot_fuzz::packed(parts)].concat(), true);
    }
});
