#![no_main]

use inventory::numbering::core::Patterns;
use services::scan::core::{Names, read};

libfuzzer_sys::fuzz_target!(|code: &str| {
    let reading = read(code, 2026);
    assert!(reading.problem.is_none_or(|problem| problem.at <= code.len()));
    let _ = Names::of(code, &reading, &Patterns::default());
    // Elements that were read are read again from another notation.
    let written: String = reading.elements.iter().map(|element| format!("({}){}", element.identifier, element.value)).collect();
    let is_plain = reading.elements.iter().all(|element| !element.value.contains(['(', '<', '{', '\\', '\u{1d}']));
    let ends = written.trim_end_matches(['\r', '\n', '\t', ' ']).len() == written.len();
    if is_plain && ends && written.len() <= 512 {
        assert_eq!(read(&written, 2026).elements, reading.elements);
    }
});
