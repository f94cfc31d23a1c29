#![no_main]

use services::files::{
    core::{picture_dimensions, sniff},
    draw,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Only pictures whose header declares a small enough area are drawn.
    if picture_dimensions(sniff(bytes), bytes).is_some_and(|area| area.fits()) {
        let _ = draw::thumbnails(bytes);
    }
});
