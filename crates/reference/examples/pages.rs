//! Writes the whole reference below a folder, with the guides of this repository: `cargo run -p reference --example pages -- DIR`. Each page is
//! `index.html` of a folder, so that any file server can show it: `python3 -m http.server --directory DIR`, then `/docs/`.

use std::{error::Error, fs, path::Path, time::Instant};

use reference::{Guide, Reference};

macro_rules! guides {
    ($($slug:literal),*) => { &[$(Guide { slug: $slug, markdown: include_str!(concat!("../../../docs/", $slug, ".md")) }),*] };
}
const GUIDES: &[Guide] =
    guides!("first-query", "live-stock", "realtime", "partners", "webhooks", "files", "rate-limits", "errors");

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("Name the folder to write to.")?;
    let started = Instant::now();
    let reference = Reference::new(include_str!("../../../schema.graphql"), GUIDES)?;
    println!("read in {:?}", started.elapsed());
    let (mut bytes, mut slowest, mut largest) = (0, (started.elapsed(), String::new()), (0, String::new()));
    slowest.0 = std::time::Duration::ZERO;
    let paths = reference.paths();
    let started = Instant::now();
    let mut spent = std::time::Duration::ZERO;
    for path in &paths {
        let begun = Instant::now();
        let page = reference.page(path).ok_or("A path has no page.")?;
        let elapsed = begun.elapsed();
        spent += elapsed;
        if elapsed > slowest.0 {
            slowest = (elapsed, path.clone());
        }
        if page.body.len() > largest.0 {
            largest = (page.body.len(), path.clone());
        }
        bytes += page.body.len();
        let place = Path::new(&folder).join("docs").join(path);
        let file = if page.content_type.starts_with("text/html") { place.join("index.html") } else { place };
        fs::create_dir_all(file.parent().ok_or("A path has no folder.")?)?;
        fs::write(file, page.body.as_bytes())?;
    }
    println!("{} pages, {bytes} bytes, made in {spent:?}, written in {:?}", paths.len(), started.elapsed());
    println!("slowest {slowest:?}, largest {largest:?}");
    Ok(())
}
