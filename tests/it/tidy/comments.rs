//! Sentences of comments name their subject first (`docs/STYLE.md`, rule 1).

use std::fs;

use super::{files, no_faults, root};
use crate::words::begins_as_a_question;

/// Words that begin a question. A sentence of a comment begins with one only if it ends with a question mark.
const QUESTIONS: [&str; 10] = ["What", "Who", "Whoever", "Whose", "Whatever", "Of", "Where", "How", "Why", "Which"];

/// Ends of sentences.
const ENDS: [&str; 3] = [". ", "? ", "! "];

/// Folders with Rust files of ours.
const FOLDERS: [&str; 7] = ["src", "crates", "entity", "migration", "tests", "bench", "fuzz"];

/// The mark of a line that is a comment, and its text.
fn comment(line: &str) -> Option<(&'static str, &str)> {
    let line = line.trim_start();
    ["///", "//!", "//"].into_iter().find_map(|mark| Some((mark, line.strip_prefix(mark)?.trim())))
}

/// The comments of a file, each with the number of its first line. Lines in a row with the same mark are one comment; an empty line of it ends a sentence.
fn comments(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut before = None;
    for (index, line) in text.lines().enumerate() {
        let Some((mark, words)) = comment(line) else {
            before = None;
            continue;
        };
        if before != Some(mark) {
            found.push((index + 1, String::new()));
        }
        before = Some(mark);
        let (_, comment) = found.last_mut().expect("a comment was begun");
        comment.push_str(if words.is_empty() { ". " } else { " " });
        comment.push_str(words);
    }
    found
}

#[test]
fn sentences_of_comments_begin_with_their_subject() {
    let paths = FOLDERS.iter().flat_map(|folder| files(&root().join(folder), ".rs"));
    let mut faults = Vec::new();
    for path in paths.chain([root().join("build.rs")]) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        for (line, comment) in comments(&fs::read_to_string(&path).unwrap()) {
            faults.extend(begins_as_a_question(&comment, &ENDS, &QUESTIONS).map(|sentence| format!("{name}:{line}: {sentence}")));
        }
    }
    no_faults(&faults);
}

#[test]
fn comments_that_begin_as_questions_are_found() {
    let text = "//! What is left.\nuse x;\n/// Rows. Of these one\n/// is new.\nfn f() {} // What is behind code is not looked at.\n// What for? So.\n/// Wherever it is.\n///\n/// How many\n//! Why not? Because.\n";
    let found: Vec<_> =
        comments(text).iter().filter_map(|(line, text)| begins_as_a_question(text, &ENDS, &QUESTIONS).map(|_| *line)).collect();
    assert_eq!(found, [1, 3, 7]);
}
