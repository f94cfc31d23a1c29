//! The guides of this repository.

use reference::Guide;

macro_rules! guides {
    ($($slug:literal),*) => { &[$(Guide { slug: $slug, markdown: include_str!(concat!("../../../../docs/", $slug, ".md")) }),*] };
}

pub const ALL: &[Guide] =
    guides!("first-query", "live-stock", "orders", "realtime", "partners", "webhooks", "files", "rate-limits", "errors");
