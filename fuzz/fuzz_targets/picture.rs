#![no_main]

use services::files::{
    core::{area, sniff},
    draw,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Only what says to be small enough is drawn.
    if area(sniff(bytes), bytes).is_some_and(|area| area.fits()) {
        let _ = draw::thumbnails(bytes);
    }
});
