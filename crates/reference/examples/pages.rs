//! Writes the whole reference below a folder, with the guides of this repository: `cargo run -p reference --example pages -- DIR`. Each page is
//! `index.html` of a folder, so that any file server can show it: `python3 -m http.server --directory DIR`, then `/docs/`.

#![expect(clippy::disallowed_methods, reason = "it measures")]

use std::{
    error::Error,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use reference::{Guide, Reference};

macro_rules! guides {
    ($($slug:literal),*) => { &[$(Guide { slug: $slug, markdown: include_str!(concat!("../../../docs/", $slug, ".md")) }),*] };
}
const GUIDES: &[Guide] =
    guides!("first-query", "live-stock", "orders", "realtime", "partners", "webhooks", "files", "rate-limits", "errors");

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("Name the folder to write to.")?;
    let started = Instant::now();
    let reference = Reference::new(include_str!("../../../schema.graphql"), GUIDES)?;
    println!("read in {:?}", started.elapsed());
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for path in reference.paths() {
        let begun = Instant::now();
        let page = reference.page(&path).ok_or("A path has no page.")?;
        times.push((begun.elapsed(), path.clone()));
        sizes.push((page.body.len(), path.clone()));
        let place = Path::new(&folder).join("docs").join(&path);
        let file = if page.content_type.starts_with("text/html") { place.join("index.html") } else { place };
        fs::create_dir_all(file.parent().ok_or("A path has no folder.")?)?;
        fs::write(file, page.body.as_bytes())?;
    }
    let (bytes, spent): (usize, Duration) = (sizes.iter().map(|(size, _)| size).sum(), times.iter().map(|(time, _)| time).sum());
    times.sort_unstable();
    println!("{} paths, {bytes} bytes, made in {spent:?}", times.len());
    println!("median {:?}, slowest {:?}, largest {:?}", times.get(times.len() / 2), times.last(), sizes.iter().max());
    Ok(())
}
