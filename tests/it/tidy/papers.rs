//! Markdown pages: each code fence is closed and its block is valid, each drawing is valid, and
//! tables and headings begin on lines of their own.

use std::{collections::BTreeSet, fs, path::Path};

use async_graphql::parser::parse_query;
use entity::tables::ALL;

use super::{files, folder, no_faults, root};

/// The languages that fences are written in.
const LANGUAGES: [&str; 9] = ["", "bash", "dockerfile", "graphql", "js", "json", "mermaid", "python", "sh"];

/// A block between two fences, and the line that it opens on.
struct Block {
    language: String,
    line: usize,
    text: String,
}

/// All code blocks of a page, and the faults of its layout.
fn blocks(paper: &str) -> (Vec<Block>, Vec<String>) {
    let (mut blocks, mut wrong, mut open, mut before) = (Vec::new(), Vec::new(), None::<Block>, "");
    for (index, line) in paper.lines().enumerate() {
        let number = index + 1;
        if let Some(language) = line.trim_start().strip_prefix("```") {
            match open.take() {
                None => open = Some(Block { language: language.to_owned(), line: number, text: String::new() }),
                Some(block) if language.is_empty() => blocks.push(block),
                Some(block) => {
                    wrong.push(format!("{number}: the fence of line {} is still open", block.line));
                    open = Some(Block { language: language.to_owned(), line: number, text: String::new() });
                }
            }
        } else if let Some(block) = &mut open {
            block.text.push_str(line);
            block.text.push('\n');
        } else {
            if line.starts_with('#') && !before.is_empty() {
                wrong.push(format!("{number}: a heading without an empty line before it"));
            }
            if line.starts_with("|--") && !before.starts_with('|') {
                wrong.push(format!("{number}: a table without a head"));
            }
        }
        before = line;
    }
    wrong.extend(open.map(|block| format!("{}: the fence is never closed", block.line)));
    (blocks, wrong)
}

/// Returns the error of a state diagram: every line is a step, every state is reached, and every
/// one leads on or ends.
fn drawing(text: &str) -> Result<(), String> {
    let mut lines = text.lines();
    if lines.next() != Some("stateDiagram-v2") {
        return Err("it does not begin with stateDiagram-v2".to_owned());
    }
    let (mut from, mut to) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let step = line.strip_prefix("  ").and_then(|line| line.split_once(" --> ")).ok_or_else(|| format!("no step: {line}"))?;
        let target = step.1.split_once(": ").map_or(step.1, |(target, _)| target);
        let is_state = |state: &str| state == "[*]" || state.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if !is_state(step.0) || !is_state(target) || target.is_empty() {
            return Err(format!("no step: {line}"));
        }
        from.insert(step.0);
        to.insert(target);
    }
    let lost: Vec<_> = from.symmetric_difference(&to).filter(|state| **state != "[*]").collect();
    if !lost.is_empty() {
        return Err(format!("states that nothing leads to, or that neither lead on nor end: {lost:?}"));
    }
    if from.contains("[*]") { Ok(()) } else { Err("nothing says where it begins".to_owned()) }
}

fn content(block: &Block) -> Result<(), String> {
    match block.language.as_str() {
        "graphql" => parse_query(&block.text).map(drop).map_err(|error| error.to_string()),
        "json" => serde_json::from_str::<serde_json::Value>(&block.text).map(drop).map_err(|error| error.to_string()),
        "mermaid" => drawing(&block.text),
        language if LANGUAGES.contains(&language) => Ok(()),
        language => Err(format!("nobody knows the language {language}")),
    }
}

fn wrong_in(paper: &str) -> Vec<String> {
    let (blocks, mut wrong) = blocks(paper);
    wrong.extend(blocks.iter().filter_map(|block| content(block).err().map(|reason| format!("{}: {reason}", block.line))));
    wrong
}

fn papers(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules", "assets"].contains(&name.as_str()) {
            papers(&path, found);
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
        }
    }
}

/// Endings of files that pages name.
const ENDINGS: [&str; 10] = [".rs", ".sql", ".txt", ".md", ".toml", ".json", ".sh", ".mjs", ".graphql", ".yml"];

/// Expands `a/{b,c}.rs` into its paths.
fn expanded(path: &str) -> Vec<String> {
    let choices = path.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    let Some((head, (choices, tail))) = choices else { return vec![path.to_owned()] };
    choices.split(',').flat_map(|choice| expanded(&format!("{head}{choice}{tail}"))).collect()
}

/// Files that a page names by a path, with its line: between backquotes in its prose, with a folder. No addresses, and no patterns of names.
fn named_files(page: &str) -> Vec<(usize, String)> {
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || "_-./{},".contains(c);
    let is_file = |span: &str| {
        let is_path = span.contains('/') && !span.starts_with('/') && span.chars().all(is_of_path) && !span.contains("NNNN");
        is_path && ENDINGS.iter().any(|ending| span.ends_with(ending))
    };
    let (mut found, mut is_block) = (Vec::new(), false);
    for (index, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            let spans = line.split('`').skip(1).step_by(2).filter(|span| is_file(span));
            found.extend(spans.flat_map(expanded).map(|path| (index + 1, path)));
        }
    }
    found
}

/// Pages name files by their room (`orders/core/order.rs`), or by their crate
/// (`objects/orders/line.rs`).
#[test]
fn files_that_pages_name_exist() {
    let all = files(root(), "");
    let exists = |path: &str| {
        let is_in_crate = |(name, rest): (&str, &str)| folder(name).join(rest).exists();
        root().join(path).exists() || path.split_once('/').is_some_and(is_in_crate) || all.iter().any(|file| file.ends_with(path))
    };
    let mut pages = files(&root().join("docs"), ".md");
    // Decisions are of their day, and a program writes the changelog.
    pages.retain(|page| !page.starts_with(root().join("docs/decisions")) && !page.ends_with("api-changelog.md"));
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    let mut faults = Vec::new();
    for page in pages {
        let paths = named_files(&fs::read_to_string(&page).unwrap());
        let missing = paths.into_iter().filter(|(_, path)| !exists(path));
        faults.extend(missing.map(|(line, path)| format!("{}:{line}: no file {path}", page.display())));
    }
    no_faults(&faults);
}

#[test]
fn files_that_pages_name_are_found() {
    let page =
        "See `a/b.rs`, `c/{d,e}.sql` and `f.rs`, `/g/h.json`, `i/<j>.rs`.\n\n```sh\n`k/l.rs`\n```\n`m/mNNNN/n.sql`, o/p.rs\n";
    let found: Vec<(usize, String)> = ["a/b.rs", "c/d.sql", "c/e.sql"].map(|path| (1, path.to_owned())).into();
    assert_eq!(named_files(page), found);
}

#[test]
fn the_page_of_entity_has_every_table() {
    let page = fs::read_to_string(root().join("docs/crates/entity.md")).unwrap();
    let faults: Vec<String> =
        ALL.iter().map(|table| table.name).filter(|name| !page.contains(&format!("`{name}`"))).map(str::to_owned).collect();
    no_faults(&faults);
}

/// Number of words outside of code blocks, including those of tables.
fn words_of(page: &str) -> usize {
    let lines = page.split("```").step_by(2).flat_map(str::split_whitespace);
    lines.filter(|word| word.contains(char::is_alphanumeric)).count()
}

/// Newcomers read it first, so it has one page of text beside the tree.
#[test]
fn the_architecture_is_one_page() {
    let words = words_of(&fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap());
    assert!((600..=900).contains(&words), "docs/ARCHITECTURE.md has {words} words, and 600 to 900 are a page");
    assert_eq!(words_of("# One `two`\n\n```\nnot these\n```\n| three | four |\n|---|---|\n"), 4);
}

#[test]
fn every_fence_drawing_and_table_of_the_papers_is_whole() {
    let mut found = Vec::new();
    papers(Path::new(env!("CARGO_MANIFEST_DIR")), &mut found);
    assert!(found.len() > 30, "the papers are there: {}", found.len());
    let wrong: Vec<_> =
        found.iter().flat_map(|(name, paper)| wrong_in(paper).into_iter().map(move |what| format!("{name}:{what}"))).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_is_broken_is_found() {
    for broken in [
        "```mermaid\nstateDiagram-v2\n  A --> [*]\n## Next\n",
        "```mermaid\nstateDiagram-v2\n  [*] --> A\n  COMPLETED --> [*]\n```\n",
        "```mermaid\nstateDiagram-v2\n  [*] --> A\n## Next\n```\n",
        "```mermaid\nflowchart\n```\n",
        "text\n## Heading\n",
        "text\n|---|---|\n",
        "```graphql\n{ a \n```\n",
        "```json\n{ a: 1 }\n```\n",
        "```rustt\n```\n",
        "```sh\nls\n```json\n{}\n```\n",
    ] {
        assert_ne!(wrong_in(broken), Vec::<String>::new(), "{broken}");
    }
    assert_eq!(wrong_in("# A\n\n```mermaid\nstateDiagram-v2\n  [*] --> A: made\n  A --> [*]\n```\n"), Vec::<String>::new());
}
